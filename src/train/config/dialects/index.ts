/** Configuration files of other trainers: recognised, and translated whole. */
export { dialects, recogniseDialect } from "./recognise.js";
export {
  type FileEntry,
  show,
  type TranslatedKey,
  type Translation,
  tell,
  translate,
} from "./translate.js";
