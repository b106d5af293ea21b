/** What may change when a run is resumed. Entered by itself, this folder needs no libtorch. */
export { type ResumeRule, rendered, resumeRules } from "./rules.js";
