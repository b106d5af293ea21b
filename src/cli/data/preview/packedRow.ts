/** A micro-batch as the packed row that is trained on: where conversations start and end. */
import type { MicroBatch } from "../../../data/index.js";
import { ignoredLabel, type Tokenizer } from "../../../text/index.js";
import { withWhy } from "../../../util/errors.js";
import { percent, whole } from "../../../util/figures.js";
import { visibleText } from "../../../util/visibleText.js";
import { renderTokens } from "../renderTokens.js";

export interface PackedRow {
  micro_batch: number;
  epoch: number;
  micro_batches_per_epoch: number;
  tokens: number;
  labelled_tokens: number;
  /** [conversations + 1]; where each conversation starts in the row, and where the last ends. */
  cu_seqlens: number[];
  max_seqlen: number;
  /** [tokens]; from 0 in each conversation. */
  position_ids: number[];
}

export function packedRow(batch: MicroBatch, microBatchesPerEpoch: number): PackedRow {
  const lengths = batch.sequences.map(({ inputIds }) => inputIds.length);
  const starts = [0];
  for (const length of lengths) starts.push(starts.at(-1)! + length);
  return {
    micro_batch: batch.number,
    epoch: batch.epoch,
    micro_batches_per_epoch: microBatchesPerEpoch,
    tokens: batch.tokens,
    labelled_tokens: batch.labelledTokens,
    cu_seqlens: starts,
    max_seqlen: Math.max(0, ...lengths),
    position_ids: lengths.flatMap((length) => Array.from({ length }, (_, index) => index)),
  };
}

/** The row as lines: an overview to scale, then one conversation after another. */
export function renderPackedRow(
  batch: MicroBatch,
  row: PackedRow,
  tokenizer: Tokenizer,
  color: boolean,
  columns: number,
): string[] {
  const { cu_seqlens: starts, tokens, labelled_tokens: labelled } = row;
  const count = batch.sequences.length;
  const lines = [
    `Micro-batch ${row.micro_batch} (epoch ${row.epoch}, ${whole(row.micro_batches_per_epoch)} per epoch): ` +
      `${count} ${count === 1 ? "conversation" : "conversations"} in a row of ${whole(tokens)} tokens, ` +
      `${whole(labelled)} trained on (${percent(labelled / Math.max(1, tokens))})`,
    `cu_seqlens  ${starts.join(" ")}`,
    "",
    ...scaleLines(batch, tokens, color, columns),
  ];
  for (const [index, sequence] of batch.sequences.entries()) {
    const { file, line } = sequence.source;
    const [from, to] = [starts[index]!, starts[index + 1]!];
    const learnt = sequence.labels.reduce((sum, label) => sum + Number(label !== ignoredLabel), 0);
    const title =
      `── ${index + 1}  tokens ${from}–${to - 1}, positions 0–${to - from - 1}  ` +
      `${file}:${line}  ${learnt} of ${to - from} trained on (${percent(learnt / (to - from))}) `;
    lines.push("", title, renderTokens(sequence, tokenizer, color));
  }
  for (const { reason, why } of batch.skipped) {
    lines.push("", visibleText(`left out: ${withWhy(reason, why)}`));
  }
  return lines;
}

/** `█` mostly trained on, `░` mostly context, `│` start of a conversation. */
function scaleLines(batch: MicroBatch, tokens: number, color: boolean, columns: number): string[] {
  // A token takes a column or less, so that every column shows at least one.
  const room = Math.min(Math.max(10, columns - 2), tokens);
  const learnt = new Float64Array(room);
  const total = new Float64Array(room);
  const borders = new Set<number>();
  let at = 0;
  for (const { labels } of batch.sequences) {
    borders.add(Math.floor((at * room) / tokens));
    for (const label of labels) {
      const column = Math.floor((at * room) / tokens);
      total[column] = total[column]! + 1;
      if (label !== ignoredLabel) learnt[column] = learnt[column]! + 1;
      at++;
    }
  }
  let drawn = "";
  for (let column = 0; column < room; column++) {
    const mark = learnt[column]! * 2 >= total[column]! ? "█" : "░";
    const green = color && mark === "█" ? `\u001b[32m${mark}\u001b[0m` : mark;
    drawn += borders.has(column) ? "│" : green;
  }
  return [
    `${drawn}│`,
    "█ trained on  ░ context  │ start of a conversation, positions restart at 0",
  ];
}
