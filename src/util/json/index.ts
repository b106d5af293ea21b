/** JSON values as Python's `json` has them: what JavaScript's own would change is kept. */
export { formatFloat } from "./formatFloat.js";
export { parseJson } from "./parse.js";
export { type JsonShape, readJson, stringEnd } from "./read.js";
export {
  entriesOf,
  Float,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  numberOf,
  objectOf,
} from "./values.js";
export { byCodePoint, fileStyle, type JsonStyle, stringifyJson } from "./write.js";
