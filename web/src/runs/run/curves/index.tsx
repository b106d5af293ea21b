/** The curves of a run. */
export { CurvesTab } from "./CurvesTab";
