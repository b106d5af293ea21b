/** Parts of `./tunewright demo`. */
export {
  type DemoOptions,
  type DemoOutcome,
  type DemoResult,
  requireLearnt,
  runDemo,
} from "./story.js";
