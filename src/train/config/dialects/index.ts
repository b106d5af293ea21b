/** Configuration files of other trainers: recognised, and translated whole. */
export type { Dialect } from "./dialect.js";
export { keyOfAnother, nameIn, setKey } from "./keyOfAnother.js";
export { dialects, ownKeys, recogniseDialect } from "./recognise.js";
export {
  type FileEntry,
  show,
  showKeys,
  type TranslatedKey,
  type Translation,
  tell,
  translate,
} from "./translate.js";
