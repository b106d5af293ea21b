/** Controls for the keys of a configuration, and what is typed into them. */
export { FieldInput, type Offers } from "./FieldInput";
export { Sections } from "./Sections";
export {
  type Drafts,
  type Fault,
  fieldsOf,
  isSame,
  parsed,
  type Values,
  withDraft,
  withValue,
  yamlOf,
} from "./values";
