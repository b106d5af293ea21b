/** The findings of `tunewright check` as plain data; `--json` prints this object. */
import {
  type ConversationSource,
  type DataSurvey,
  type LeftOutCounts,
  leftOutLines,
} from "../../data/index.js";
import { formatBytes, type MemoryEstimate } from "../../train/index.js";
import { countRows } from "../../util/countRows.js";
import { type TunewrightError, withWhy } from "../../util/errors.js";
import { visibleText } from "../../util/visibleText.js";

/** A problem that would stop training, or something to know before it starts. */
export interface Finding {
  what: string;
  why?: string;
  todo?: string;
  /** Whether training would fail. */
  blocking: boolean;
}

export interface DataReport {
  role: "train" | "eval";
  files: ConversationSource["files"];
  rows: number;
  /** Tokens of one epoch, after truncation to max_seq_length. */
  tokens: number;
  labelled_tokens: number;
  labelled_share: number;
  /** Tokens per conversation before truncation. */
  lengths: DataSurvey["lengths"] | null;
  longest: DataSurvey["longest"] | null;
  truncated_rows: number;
  /** Number of sequences made from the rows. */
  sequences: number;
  /** Largest number of sequences made from one row. */
  most_sequences: number;
  split_rows: number;
  /** Rows that over_length leaves out. */
  dropped_rows: number;
  /** Rows so long that their length was estimated from their first part. */
  estimated_lengths: number;
  /** Rows with a `{{name}}` that was not replaced, by name. */
  placeholders: Readonly<Record<string, number>>;
  /** What rows say and sequences do not hold, a line each. */
  left_out: string[];
  /** Turns whose reasoning is left out, in good rows and bad ones. */
  reasoning_left_out: LeftOutCounts["reasoning"] | null;
  tokens_cut: number;
  bad_rows: number;
  /** The first bad rows. */
  problems: { file: string; line: number; what: string; why?: string; todo?: string }[];
}

/** All but counts in bytes. */
export interface MemoryReport extends MemoryEstimate {
  /** For the whole process, or of the device. */
  available: number;
  /** Who sets the limit on what is available. */
  limited_by: string;
  /** The most rows of the longest length that fit in a micro-batch; null where not even one does. */
  largest_batch: { rows: number; tokens_each: number; is_most_tried: boolean } | null;
}

export interface CheckReport {
  ok: boolean;
  model: {
    path: string;
    type: string;
    embedding_rows: number;
    template: string;
    trained_weights: number;
  };
  device: string;
  compute_dtype: string;
  /** Notes on the configuration: derived values, replacements, keys without effect. */
  notes: string[];
  data: DataReport[];
  /** Rows per epoch from each source of train_file. */
  sources: { name: string; rows_in_files: number; rows: number; rows_per_epoch: number }[];
  steps_per_epoch: number;
  total_steps: number;
  memory: MemoryReport;
  disk: { needed: number; free: number };
  /** The trackers of report_to: where each writes, and variables that it does not follow. */
  trackers: { name: string; place: string; remarks: string[] }[];
  findings: Finding[];
}

export function reportData(
  role: DataReport["role"],
  files: ConversationSource["files"],
  survey: DataSurvey,
): DataReport {
  return {
    role,
    files,
    rows: survey.rows,
    tokens: survey.tokens,
    labelled_tokens: survey.labelledTokens,
    labelled_share: survey.tokens === 0 ? 0 : survey.labelledTokens / survey.tokens,
    lengths: survey.lengths ?? null,
    longest: survey.longest ?? null,
    truncated_rows: survey.truncatedRows,
    sequences: survey.sequences,
    most_sequences: survey.mostSequences,
    split_rows: survey.splitRows,
    dropped_rows: survey.droppedRows,
    estimated_lengths: survey.estimatedLengths,
    placeholders: survey.placeholders,
    left_out: leftOutLines(survey.leftOut),
    reasoning_left_out: survey.leftOut.reasoning ?? null,
    tokens_cut: survey.tokensCut,
    bad_rows: survey.badRows,
    problems: survey.problems.map(({ source, error }) => ({
      ...source,
      what: withoutPlace(error, source.file, source.line),
      ...(error.why === undefined ? {} : { why: error.why }),
      ...(error.todo === undefined ? {} : { todo: error.todo }),
    })),
  };
}

/** Without the file and line with which an error message starts. */
function withoutPlace(error: TunewrightError, file: string, line: number): string {
  const place = `${file}:${line}: `;
  return error.message.startsWith(place) ? error.message.slice(place.length) : error.message;
}

const number = (value: number) => value.toLocaleString("en");
const percent = (part: number, whole: number) =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;

/** The report as lines for the terminal. */
export function formatReport(report: CheckReport): string[] {
  const { model, memory, disk } = report;
  const row = (name: string, value: string) => `  ${name.padEnd(14)}${value}`;
  const lines = [
    "Model",
    row("path", model.path),
    row("type", `${model.type}, ${number(model.embedding_rows)} embedding rows`),
    row("template", model.template),
    row(
      "trained",
      `${number(model.trained_weights)} weights, ${report.compute_dtype} on ${report.device}`,
    ),
  ];
  for (const data of report.data) lines.push(...formatData(data, row));
  if (report.sources.some((source) => source.rows_per_epoch !== source.rows_in_files)) {
    for (const { name, rows_in_files, rows, rows_per_epoch } of report.sources) {
      const limited = rows < rows_in_files ? ` of ${number(rows_in_files)}` : "";
      lines.push(
        row(
          "source",
          `${name}: ${number(rows_per_epoch)} rows per epoch, from ${number(rows)}${limited}`,
        ),
      );
    }
  }
  lines.push(
    "Run",
    row("steps", `${number(report.total_steps)}, ${number(report.steps_per_epoch)} per epoch`),
    ...formatMemory(memory, row),
    row(
      "disk",
      `about ${formatBytes(disk.needed)} for checkpoints and result; ${formatBytes(disk.free)} free`,
    ),
    ...report.trackers.flatMap(({ name, place, remarks }) =>
      [place, ...remarks].map((text) => row("tracker", `${name}: ${text}`)),
    ),
  );
  for (const note of report.notes) lines.push(`  note: ${note}`);
  for (const finding of report.findings) {
    lines.push(`${finding.blocking ? "error" : "warning"}: ${finding.what}`);
    if (finding.why) lines.push(`  why: ${finding.why}`);
    if (finding.todo) lines.push(`  to do: ${finding.todo}`);
  }
  if (report.ok) lines.push("No problems found: training can start.");
  return lines;
}

const peaks: Readonly<Record<MemoryEstimate["peak_of"], string>> = {
  loading: "loading the model",
  forward: "a forward pass",
  logits: "a chunk of logits",
  backward: "a backward pass",
  optimizer: "an optimizer step",
};

function formatMemory(memory: MemoryReport, row: (name: string, value: string) => string) {
  const { largest_batch: batch } = memory;
  const part = (name: string, bytes: number) =>
    bytes < 1e5 ? [] : [`${name} ${formatBytes(bytes)}`];
  const standing = [
    ...part("weights", memory.weights),
    ...part("4-bit weights", memory.quantized),
    ...part("trained", memory.trained),
    ...part("gradients", memory.gradients),
    ...part("optimizer", memory.optimizer),
  ];
  const passing = [
    ...part("prepared weights", memory.prepared),
    ...part("kept values", memory.kept),
    ...part(peaks[memory.peak_of], memory.working),
    ...part("fragmentation", memory.fragmentation),
    ...part("program", memory.runtime),
  ];
  const most = batch && `${batch.rows} x ${number(batch.tokens_each)} tokens`;
  return [
    row(
      "memory",
      `about ${formatBytes(memory.total)} of ${formatBytes(memory.available)} (${memory.limited_by})`,
    ),
    row("", standing.join(", ")),
    row("", `${passing.join(", ")}; the peak is in ${peaks[memory.peak_of]}`),
    row(
      "largest batch",
      most === null
        ? "none: not a single row fits"
        : `${most} fit${batch?.is_most_tried ? "; larger ones were not tried" : ""}`,
    ),
  ];
}

function formatData(data: DataReport, row: (name: string, value: string) => string): string[] {
  const lines = [
    data.role === "train" ? "Training data" : "Evaluation data",
    ...data.files.map((file) =>
      row("file", `${file.file} (${file.format}, ${countRows(file.rows)})`),
    ),
    row(
      "tokens",
      `${number(data.tokens)}, of which ${number(data.labelled_tokens)} are trained on (${percent(data.labelled_tokens, data.tokens)})`,
    ),
  ];
  if (data.lengths && data.longest) {
    const { min, p50, p90, p99, max } = data.lengths;
    const { source } = data.longest;
    lines.push(
      row(
        "lengths",
        `${min} to ${max} tokens; median ${p50}, 90th percentile ${p90}, 99th percentile ${p99}`,
      ),
      row(
        "longest",
        `${data.estimated_lengths > 0 ? "about " : ""}${number(max)} tokens at ${source.file}:${source.line}`,
      ),
      row(
        "truncated",
        `${countRows(data.truncated_rows)} (${percent(data.truncated_rows, data.rows)}), ` +
          `${number(data.tokens_cut)} tokens (${percent(data.tokens_cut, data.tokens + data.tokens_cut)})`,
      ),
    );
  }
  if (data.split_rows > 0) {
    lines.push(
      row(
        "split",
        `${countRows(data.split_rows)}; ${number(data.sequences)} sequences in total, up to ` +
          `${number(data.most_sequences)} from one row`,
      ),
    );
  }
  if (data.dropped_rows > 0) {
    lines.push(row("left out", `${countRows(data.dropped_rows)}, too long (over_length drop)`));
  }
  if (data.bad_rows > 0) {
    lines.push(`${countRows(data.bad_rows)} cannot be trained on:`);
    for (const { file, line, what, why } of data.problems) {
      lines.push(visibleText(withWhy(`  ${file}:${line}: ${what}`, why)));
    }
    const more = data.bad_rows - data.problems.length;
    if (more > 0) lines.push(`  and ${number(more)} more`);
  }
  return lines;
}
