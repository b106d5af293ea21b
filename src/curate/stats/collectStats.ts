/** Measures files of conversations in worker threads and returns a report. */
import { availableParallelism } from "node:os";
import {
  type ConversationSource,
  openConversations,
  type SourceOptions,
} from "../../data/index.js";
import type {
  ReasoningChoice,
  Source,
  SpecialTokensInText,
  TemplateVariables,
  TokenizerOptions,
} from "../../text/index.js";
import { mapInOrder, workerPool } from "../../util/workerPool.js";
import { commonShingles, defaultParameters } from "../dedup/index.js";
import { sampleRows } from "../sampleRows.js";
import { duplicateCounter, nearThreshold } from "./duplicates.js";
import { type FrequentCounter, frequentCounter } from "./frequentTexts.js";
import { emptyMeasures, mergeMeasures } from "./measures.js";
import { estimatePadding } from "./padding.js";
import { type DuplicatesReport, type FileReport, reportPart, type StatsReport } from "./report.js";
import type { StatsJob, StatsResult, StatsSettings } from "./statsWorker.js";

export interface StatsOptions {
  /** How the files are read. */
  source?: SourceOptions | undefined;
  /** What tokens are counted with. Default: only characters are counted. */
  text?: {
    /** Path of the tokenizer or model; each thread loads it. */
    path: string;
    tokenizerOptions?: TokenizerOptions | undefined;
    /** Name of a chat template; the tokenizer's own otherwise. */
    template?: string | undefined;
    /** Variables of the template. */
    variables?: TemplateVariables | undefined;
    /** What is learnt of reasoning that the template leaves out. */
    reasoning?: ReasoningChoice | undefined;
    embeddingRows?: number | undefined;
    specialTokensInText?: SpecialTokensInText | undefined;
    /** As the report names them. */
    names: NonNullable<StatsReport["tokenizer"]>;
  };
  /** For which truncation is counted besides {@link commonLengths}. */
  maxSeqLength?: number | undefined;
  /** Conversations of a micro-batch, for the padding estimate. Default 8. */
  batchSize?: number | undefined;
  /** Maximum number of rows to measure, over all files; 20,000 by default. */
  sample?: number | undefined;
  /** Random seed of the sample. Default 0. */
  seed?: number | undefined;
  /** Default: as many as the machine has cores. */
  threads?: number | undefined;
  /** Called with the number of rows measured so far. */
  onRows?: ((rows: number, total: number) => void) | undefined;
}

/** Values of max_seq_length that truncation is always counted for. */
export const commonLengths: readonly number[] = [512, 1024, 2048, 4096];

export const defaultSample = 20_000;

const rowsPerJob = 128;

/**
 * Memory holds counts and sketches of bounded size, however large the files are. The report depends
 * on the data, the options and the seed alone, not on the number of threads.
 * @throws ConfigError, DataError as {@link openConversations}
 */
export async function collectStats(
  files: readonly string[],
  options: StatsOptions = {},
): Promise<StatsReport> {
  const started = Date.now();
  const { text, sample = defaultSample, seed = 0 } = options;
  const { onRows, threads = availableParallelism(), maxSeqLength, batchSize = 8 } = options;
  const lengths = [...new Set([...commonLengths, maxSeqLength ?? 1024])].sort((a, b) => a - b);
  // A function does not go to a thread.
  const { onProgress: _own, ...reading } = options.source ?? {};
  const settings: Omit<StatsSettings, "common"> = {
    text: text && {
      tokenizer: text.path,
      tokenizerOptions: text.tokenizerOptions,
      template: text.template,
      variables: text.variables,
      reasoning: text.reasoning,
      embeddingRows: text.embeddingRows,
      specialTokensInText: text.specialTokensInText,
    },
    source: reading,
    maxSeqLengths: text ? lengths : [],
  };
  const source = await openConversations(files, options.source);
  const common = await commonShingles(source.files, { ...defaultParameters, reading });
  const looked = Math.min(sample, source.rows);
  const pool = workerPool<StatsSettings, StatsJob, StatsResult>(
    new URL("./statsWorker", import.meta.url),
    { ...settings, common },
    Math.max(1, Math.min(threads, Math.ceil(looked / rowsPerJob))),
  );
  try {
    const parts = source.files.map(() => emptyMeasures(settings.maxSeqLengths));
    const total = emptyMeasures(settings.maxSeqLengths);
    const duplicates = duplicateCounter();
    const prompts = frequentCounter();
    const results = mapInOrder(
      planJobs(source, sampleRows(source.rows, looked, seed)),
      async ({ job, file, first }) => ({ result: await pool.run(job), file, first }),
      2 * pool.threads,
    );
    for await (const { result, file, first } of results) {
      const { measures, prints, printedRows } = result;
      mergeMeasures(parts[file]!, measures);
      mergeMeasures(total, measures);
      const rows = printedRows.map((row) => first + row);
      duplicates.add(prints, rows);
      rows.forEach((row, index) => {
        const hash = prints.prompt[index]!;
        if (!Number.isNaN(hash)) prompts.add(hash, row);
      });
      onRows?.(total.rows, looked);
    }
    const withTokens = text !== undefined;
    const part = reportPart(total, withTokens);
    const tokens = part.tokens?.conversation?.sum;
    const good = total.turns.count;
    return {
      rows: source.rows,
      bytes: source.bytes,
      tokenizer: text?.names ?? null,
      sample: { exact: looked === source.rows, rows: looked, seed },
      tokens_per_epoch:
        tokens === undefined ? null : Math.round((tokens * source.rows) / Math.max(1, looked)),
      total: part,
      files: source.files.map(
        (file, index): FileReport => ({ ...file, ...reportPart(parts[index]!, withTokens) }),
      ),
      padding:
        (withTokens &&
          good > 0 &&
          estimatePadding(total.tokens.conversation, maxSeqLength ?? 1024, batchSize)) ||
        null,
      duplicates: reportDuplicates(duplicates.estimate(), (row) => source.place(row)),
      first_prompts: await readPrompts(prompts, source),
      first_prompts_exact: prompts.exact(),
      seconds: (Date.now() - started) / 1000,
    };
  } finally {
    await pool.close();
    await source.close();
  }
}

interface PlannedJob {
  job: StatsJob;
  /** Its number. */
  file: number;
  /** The file's first row, counted through all files. */
  first: number;
}

/** A job has rows of one file. */
function* planJobs(source: ConversationSource, rows: Iterable<number>): Generator<PlannedJob> {
  let file = 0;
  let first = 0;
  let pending: number[] = [];
  const job = (): PlannedJob => {
    const { file: name, format } = source.files[file]!;
    const planned = { job: { file: name, format, rows: pending }, file, first };
    pending = [];
    return planned;
  };
  for (const row of rows) {
    const outside = row >= first + source.files[file]!.rows;
    if (pending.length > 0 && (outside || pending.length === rowsPerJob)) yield job();
    while (row >= first + source.files[file]!.rows) first += source.files[file++]!.rows;
    pending.push(row - first);
  }
  if (pending.length > 0) yield job();
}

function reportDuplicates(
  { exact, prompts, near, complete }: ReturnType<ReturnType<typeof duplicateCounter>["estimate"]>,
  place: (row: number) => Source,
): DuplicatesReport {
  return {
    method:
      "hashes of whole rows and first prompts; one-permutation MinHash of what data dedup compares",
    exact_share: exact.share,
    exact_largest_group: exact.largest,
    exact_example: exact.first?.map(place) ?? [],
    first_prompt_share: prompts.share,
    near_threshold: nearThreshold,
    near_share: near.share,
    near_largest_group: near.largest,
    near_example: near.first?.map(place) ?? [],
    near_compared_rows: near.comparedRows,
    complete,
  };
}

const keptPrompts = 10;
const promptCharacters = 200;

async function readPrompts(
  prompts: FrequentCounter,
  source: ConversationSource,
): Promise<StatsReport["first_prompts"]> {
  const found: StatsReport["first_prompts"] = [];
  for (const { row, rows } of prompts.top(keptPrompts)) {
    const { messages } = await source.read(row);
    const prompt = messages.find(({ role }) => role === "user")?.content.trim() ?? "";
    const start = [...prompt.slice(0, 2 * promptCharacters + 2)];
    const cut = start.length > promptCharacters;
    const text = cut ? `${start.slice(0, promptCharacters).join("")}…` : prompt;
    found.push({ ...source.place(row), rows, text });
  }
  return found;
}
