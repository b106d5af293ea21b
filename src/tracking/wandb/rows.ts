/** What a row of `events.jsonl` is in W&B's history. */
import type { EventRow } from "../../train/index.js";
import { metricsOf } from "../metrics.js";
import { type Items, stepMetric } from "./records.js";
import { hasTexts, type Media, mediaOf } from "./texts.js";

/** A row of the history. */
export interface HistoryRow {
  /** Without `_step`, `_timestamp` and `_runtime`. */
  readonly values: Items;
  readonly media: readonly Media[];
}

/** Whether a row of events is a row of the history. */
export function isHistory(row: EventRow): boolean {
  return metricsOf(row) !== undefined || hasTexts(row);
}

/**
 * A row as transformers' W&B callback logs it: values by name with `train/global_step`; of the last
 * row the epoch only, since the figures of the whole run are the summary's.
 *
 * @param step its `_step`
 */
export function historyRow(row: EventRow, step: number, prompts: readonly string[]): HistoryRow {
  const metrics = row.type === "end" ? { "train/epoch": row.epoch } : metricsOf(row);
  const media = mediaOf(row, step, prompts);
  return {
    media,
    values: [
      ...Object.entries(metrics ?? {}).map(([name, value]) => ({ key: [name], value })),
      ...media.flatMap(({ values }) => values),
      { key: [stepMetric], value: row.step },
    ],
  };
}
