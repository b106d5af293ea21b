/** What a row of `events.jsonl` is in W&B's history. */
import type { EventRow } from "../../train/index.js";
import { metricsOf } from "../runs/index.js";
import { textReader } from "../texts.js";
import { type Media, mediaOf } from "./media.js";
import { type Items, stepMetric } from "./records.js";

/** A row of the history. */
export interface HistoryRow {
  /** Its `_step`. */
  readonly step: number;
  /** Without `_step`, `_timestamp` and `_runtime`. */
  readonly values: Items;
  readonly media: readonly Media[];
}

/** Whether a row of events is a row of the history. */
export function isHistory(row: EventRow): boolean {
  return metricsOf(row) !== undefined || textReader()(row) !== undefined;
}

/**
 * Takes each row in turn and makes of it what transformers' W&B callback logs: values by name with
 * `train/global_step`; of the last row the epoch only, since the figures of the whole run are the
 * summary's.
 *
 * @param startingStep the `_step` of the first row of the history
 * @returns `undefined` where {@link isHistory} is false
 */
export function historyReader(startingStep: number): (row: EventRow) => HistoryRow | undefined {
  const readText = textReader();
  let step = startingStep;
  return (row) => {
    const text = readText(row);
    const metrics = metricsOf(row);
    if (!text && !metrics) return undefined;
    const shown = row.type === "end" ? { "train/epoch": row.epoch } : (metrics ?? {});
    const media = text ? [mediaOf(text, step)] : [];
    const values = [
      ...Object.entries(shown).map(([name, value]) => ({ key: [name], value })),
      ...media.flatMap((one) => one.values),
      { key: [stepMetric], value: row.step },
    ];
    return { step: step++, values, media };
  };
}
