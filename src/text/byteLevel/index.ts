/** Byte-level byte-pair encoding in TypeScript. */
export { byteAlphabet } from "./byteAlphabet.js";
export { type ByteLevelEncoder, createByteLevelEncoder } from "./byteLevelEncoder.js";
