/** Watching a run: spikes, values that are no numbers, the best step, and what is worth saving. */
export { isOutOfPatience, takeMetric, takeSaved } from "./best.js";
export { type LeftOutRow, withoutRows } from "./leftOutRows.js";
export { judgeNonFinite, RolledBack } from "./nonFinite.js";
export { previewCommand } from "./previewCommand.js";
export { requireSavable, requireTrainable } from "./savable.js";
export { findSpikes, freshHistory, type SpikeHistory } from "./spikes.js";
export { watchSpikes } from "./watchSpikes.js";
