/** Reads, selects and prints: the work of `data preview`. */
import {
  addLeftOut,
  leftOutLines,
  nothingLeftOut,
  openConversations,
  openTrainingData,
  type RowResult,
} from "../../../data/index.js";
import {
  type EncodedConversation,
  literalTexts,
  type Source,
  type Tokenizer,
  textNotes,
} from "../../../text/index.js";
import { countRows } from "../../../util/countRows.js";
import { ConfigError, DataError, withWhy } from "../../../util/errors.js";
import { visibleText } from "../../../util/visibleText.js";
import { stderr, stdout } from "../../output.js";
import { progressLine } from "../progressLine.js";
import { previewLegend, renderTokens } from "../renderTokens.js";
import { type AsRead, readAs } from "./asRead.js";
import type { PreviewFlags } from "./flags.js";
import { packedRow, renderPackedRow } from "./packedRow.js";
import { splitPlaces } from "./places.js";
import { type SelectedRows, selectRows } from "./selectRows.js";

export async function runPreview(words: readonly string[], given: PreviewFlags): Promise<void> {
  const { files, places } = splitPlaces(words);
  const rows = [...(given.row ?? []), ...places];
  const flags = rows.length > 0 ? { ...given, row: rows } : given;
  checkTogether(flags);
  const how = await readAs(flags, files);
  for (const note of textNotes(how.text)) stderr.write(`note: ${note}\n`);
  if (flags.packed === undefined) await previewRows(files, flags, how);
  else await previewPacked(files, flags, how);
}

/** Flags that select rows, as typed. */
const choosing: Partial<Record<keyof PreviewFlags, string>> = {
  limit: "--limit",
  sample: "--sample",
  row: "--row or FILE:LINE",
  rows: "--rows",
  grep: "--grep",
  role: "--role",
  minTokens: "--min-tokens",
  maxTokens: "--max-tokens",
  onlyTruncated: "--only-truncated",
};
/** Flags that define a micro-batch. */
const batching: Partial<Record<keyof PreviewFlags, string>> = {
  batchSize: "--batch-size",
  packing: "--packing",
};

/** @throws ConfigError for flags that would have no effect */
function checkTogether(flags: PreviewFlags): void {
  const given = (names: typeof choosing) =>
    Object.entries(names).flatMap(([key, name]) => (Object.hasOwn(flags, key) ? [name] : []));
  const [chosen, batched] = [given(choosing), given(batching)];
  if (flags.packed !== undefined && chosen.length > 0) {
    throw new ConfigError(`--packed and ${chosen.join(", ")} are both given`, {
      why: "the rows of a micro-batch are chosen by the run",
      todo: "remove one of them",
    });
  }
  if (flags.packed === undefined && batched.length > 0) {
    throw new ConfigError(`${batched.join(", ")} requires --packed`, {
      why: "without --packed, single rows are shown instead of micro-batches",
      todo: `add --packed, or remove ${batched.join(", ")}`,
    });
  }
}

async function previewRows(
  files: readonly string[],
  flags: PreviewFlags,
  { reading, fitting, text }: AsRead,
): Promise<void> {
  const source = await openConversations(files, reading);
  const progress = progressLine();
  try {
    const { tokenizer } = text;
    const options = { ...text, ...fitting };
    const selected = await selectRows(source, flags, options, (rows) =>
      progress.show(`${rows} of ${source.rows} rows read`),
    );
    progress.clear();
    const { results } = selected;
    const bad = results.filter((result) => !result.ok);
    const leftOut = nothingLeftOut();
    for (const result of results) addLeftOut(leftOut, result.leftOut, result.source);
    if (flags.json) {
      const rows = results.flatMap((result) =>
        result.ok
          ? result.encoded.map((encoded) => jsonRow(encoded, result.source, tokenizer))
          : [],
      );
      stdout.write(`${JSON.stringify({ rows })}\n`);
      for (const line of leftOutLines(leftOut)) stderr.write(`note: ${line}\n`);
    } else {
      const lines = rowLines(selected, source.rows, tokenizer, wantsColor(flags));
      lines.push(...leftOutLines(leftOut).map((line) => visibleText(`note: ${line}`)));
      stdout.write(`${lines.join("\n")}\n`);
    }
    if (bad.length > 0) throw refused(bad, results.length);
  } finally {
    progress.clear();
    await source.close();
  }
}

function rowLines(
  { results, looked, refused: skipped }: SelectedRows,
  all: number,
  tokenizer: Tokenizer,
  color: boolean,
): string[] {
  const lines = [previewLegend(color)];
  for (const result of results) {
    if (!result.ok) {
      const { message, why } = result.error;
      lines.push("", visibleText(`rejected: ${withWhy(message, why)}`));
      continue;
    }
    if (result.dropped !== undefined) {
      lines.push("", visibleText(`left out: ${result.dropped}`));
    }
    for (const encoded of result.encoded) {
      lines.push("", heading(encoded, result.source), renderTokens(encoded, tokenizer, color));
    }
  }
  if (results.length === 0) lines.push("", `No matching row among ${countRows(looked)}.`);
  else if (results.length < all) {
    lines.push(
      "",
      `${all - results.length} more ${all - results.length === 1 ? "row is" : "rows are"} not shown.`,
    );
  }
  if (skipped > 0) lines.push(`${countRows(skipped)} of those read cannot be trained on.`);
  return lines;
}

async function previewPacked(
  files: readonly string[],
  flags: PreviewFlags,
  { reading, fitting, text }: AsRead,
): Promise<void> {
  const { tokenizer } = text;
  const data = await openTrainingData({
    ...reading,
    ...fitting,
    files,
    tokenizer,
    template: text.template,
    embeddingRows: text.embeddingRows ?? tokenizer.vocabSize,
    maxSeqLength: fitting.maxSeqLength ?? 1024,
    batchSize: flags.batchSize ?? 8,
    packing: flags.packing,
    seed: flags.seed ?? 42,
    prefetch: 0,
    onError: "skip",
  });
  try {
    const batch = await data.microBatch(flags.packed!);
    const packed = packedRow(batch, data.microBatchesPerEpoch);
    if (flags.json) {
      const rows = batch.sequences.map((one) => jsonRow(one, one.source, tokenizer));
      stdout.write(`${JSON.stringify({ rows, packed })}\n`);
    } else {
      const color = wantsColor(flags);
      const columns = Math.min(120, stdout.isTTY ? stdout.columns : 80);
      const lines = renderPackedRow(batch, packed, tokenizer, color, columns);
      stdout.write(`${[previewLegend(color), "", ...lines].join("\n")}\n`);
    }
    const bad = batch.skipped.filter(({ dropped }) => !dropped);
    if (bad.length > 0) {
      throw new DataError(`${countRows(bad.length)} of the micro-batch cannot be trained on`, {
        why: `the first: ${bad[0]!.reason}`,
        todo: "correct or remove the rows, or train with on_error skip",
      });
    }
  } finally {
    await data.close();
  }
}

function wantsColor({ color }: PreviewFlags): boolean {
  return color ?? (stdout.isTTY === true && !process.env.NO_COLOR);
}

function jsonRow(
  { inputIds, labels }: Pick<EncodedConversation, "inputIds" | "labels">,
  source: Source,
  tokenizer: Tokenizer,
) {
  return {
    source,
    input_ids: [...inputIds],
    labels: [...labels],
    tokens: [...inputIds].map((id) => tokenizer.idToToken(id) ?? ""),
  };
}

function heading(encoded: EncodedConversation, { file, line }: Source): string {
  const { inputIds, labelledTokens, truncated, fullLength, fullLengthEstimated } = encoded;
  const share = Math.round((100 * labelledTokens) / inputIds.length);
  const cut = truncated
    ? `; truncated from ${fullLengthEstimated ? "about " : ""}${fullLength}`
    : "";
  const spelled = [...literalTexts(encoded.segments)];
  const text = spelled.length > 0 ? `; as ordinary text: ${spelled.join(" ")}` : "";
  return `${file}:${line}  ${labelledTokens} of ${inputIds.length} tokens are trained on (${share}%)${cut}${text}`;
}

function refused(bad: readonly Extract<RowResult, { ok: false }>[], rows: number): DataError {
  const { error } = bad[0]!;
  return new DataError(`${bad.length} of the ${countRows(rows)} cannot be trained on`, {
    why: `the first: ${error.message}${error.why ? `: ${error.why}` : ""}`,
    ...(error.todo === undefined ? {} : { todo: error.todo }),
  });
}
