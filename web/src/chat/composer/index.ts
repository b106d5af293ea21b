/** Where questions are written. */
export { Composer } from "./Composer";
export { isPlainEnter } from "./keys";
export { useGrowing } from "./useGrowing";
