/** The form of a configuration, what it becomes, and its check. */
export { type CheckFacts, checkRun } from "./checkRun.js";
export {
  configurationOf,
  givenValues,
  requestValues,
  resolveValues,
  runDirectory,
  type Tables,
  type Values,
} from "./configuration.js";
export { describeForm } from "./form.js";
export { serverKeys } from "./keys.js";
