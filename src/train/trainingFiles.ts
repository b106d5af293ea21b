/** From the files and sources of a configuration to training data. */
import { availableParallelism } from "node:os";
import {
  type DataCursor,
  type DataSource,
  openStreamingData,
  openTrainingData,
  resolveSources,
  resolveStreams,
  type SourceShare,
  type StreamingData,
  streamStates,
  type TrainingData,
} from "../data/index.js";
import { type ModelPlace, templateHome, tokenizerHome, vocabularyRows } from "../generate/index.js";
import {
  type ChatTemplate,
  checkTemplateRows,
  checkVocabulary,
  type IdentifiedToken,
  loadTokenizer,
  plainTemplateName,
  type Tokenizer,
  templateOfWeights,
} from "../text/index.js";
import { ConfigError } from "../util/errors.js";
import type { TrainingConfig } from "./config/index.js";
import { heldOut, readingOptions } from "./readingOptions.js";
import type { World } from "./world.js";

/** What conversations are encoded with. */
export interface DataText {
  tokenizer: Tokenizer;
  template: ChatTemplate;
  /** Where the tokenizer was loaded from. */
  tokenizerPath: string;
  embeddingRows: number;
}

/** What a configuration says of tokenizer and template. */
type TextChoices = Pick<
  TrainingConfig,
  "task_type" | "template_name" | "chat_template_kwargs" | "fix_added_tokens" | "new_tokens"
>;

/**
 * The tokenizer of a model's files with a chat template, and the size of the model's embedding. A
 * template that is not configured is that which the model or its adapter was trained with, or else the
 * model's own; plain texts have none.
 *
 * @throws ConfigError where tokenizer, template and model do not fit together
 */
export async function openText(place: ModelPlace, config: TextChoices): Promise<DataText> {
  const { task_type: task, template_name: name, chat_template_kwargs: variables } = config;
  const tokenizerPath = tokenizerHome(place);
  const rowsBefore = vocabularyRows(place);
  const { fix_added_tokens: fixAddedTokens, new_tokens: newTokens } = config;
  const options = { embeddingRows: rowsBefore, fixAddedTokens, newTokens };
  const tokenizer = await loadTokenizer(tokenizerPath, options);
  const embeddingRows = rowsWithNewTokens(tokenizer, rowsBefore);
  const isPlain = task === "pretrain";
  const template = templateOfWeights(
    templateHome(place),
    tokenizer,
    isPlain ? plainTemplateName : (name ?? undefined),
    isPlain ? {} : variables,
  );
  checkVocabulary(tokenizer, rowsBefore);
  checkTemplateRows(template, tokenizer);
  return { tokenizer, template, tokenizerPath, embeddingRows };
}

/** @param rows of the model as it was */
function rowsWithNewTokens(tokenizer: Tokenizer, rows: number): number {
  const { tokensWithoutRow: lacking, options, vocabSize } = tokenizer;
  if (!options.newTokens?.length) return rows;
  if (lacking.length > 0 && !options.fixAddedTokens) {
    const [{ text, id }] = lacking as [IdentifiedToken];
    throw new ConfigError(`new_tokens would give ${text} a row that nothing trains`, {
      why: `the tokenizer gives it the id ${id}, but the embedding has ${rows} rows, and new tokens come behind it`,
      todo: "set fix_added_tokens, which takes it as ordinary text",
    });
  }
  return Math.max(rows, vocabSize);
}

/** Opens `train_file` as the configuration says. @param cursor of the checkpoint to go on from */
export async function openTrainFile(
  config: TrainingConfig,
  { tokenizerPath, ...text }: DataText,
  cursor: DataCursor | undefined,
  { rank, size: worldSize }: Pick<World, "rank" | "size">,
): Promise<TrainingData | StreamingData> {
  const threads = countWorkers(config);
  const common = {
    ...text,
    ...readingOptions(config),
    rank,
    worldSize,
    batchSize: config.per_device_train_batch_size,
    packing: config.packing,
    seed: config.data_seed,
    onError: config.on_error,
    prefetch: Math.max(1, threads) * config.dataloader_prefetch_factor,
    watch: true as const,
  };
  if (config.streaming) {
    const names = config.train_file.filter((source) => typeof source === "string");
    const files = await resolveStreams(names);
    const shuffleBufferSize = config.shuffle_buffer_size;
    const states = await streamStates(files);
    return openStreamingData({ ...common, files, states, tokenizerPath, shuffleBufferSize });
  }
  return openTrainingData({
    ...common,
    ...heldOut(config, "train"),
    files: await resolveFiles(config.train_file),
    cursor,
    ...(threads > 0 ? { workers: { threads, tokenizerPath } } : {}),
  });
}

/** Whether the configuration asks for an evaluation. */
function evaluates(config: TrainingConfig): boolean {
  return config.do_eval || config.eval_strategy !== "no" || config.eval_on_start;
}

/** What an evaluation reads, where the configuration asks for one: held out rows, or `eval_file`. */
export function evalFiles(config: TrainingConfig): TrainingConfig["eval_file"] {
  if (!evaluates(config)) return null;
  return config.val_size > 0 ? config.train_file.map(wholeSource) : config.eval_file;
}

/** A source of which every row counts once. */
function wholeSource(source: TrainingConfig["train_file"][number]) {
  if (typeof source === "string") return source;
  const { weight: _weight, repeat: _repeat, ...whole } = source;
  return whole;
}

/** Opens the data of evaluations, where the configuration asks for an evaluation. */
export async function openEvalFile(
  config: TrainingConfig,
  { tokenizerPath: _path, ...text }: DataText,
  { rank, size: worldSize }: Pick<World, "rank" | "size">,
): Promise<TrainingData | undefined> {
  const files = evalFiles(config);
  if (!files) return undefined;
  return openTrainingData({
    ...text,
    ...heldOut(config, "eval"),
    files: await resolveFiles(files),
    ...readingOptions(config),
    rank,
    worldSize,
    batchSize: config.per_device_eval_batch_size,
    seed: config.data_seed,
    shuffle: false,
    onError: config.on_error,
    watch: true,
  });
}

/**
 * What `train_file` and `eval_file` name, as files on this machine.
 * @throws DataError for what does not exist
 */
export async function resolveFiles(
  given: readonly TrainingConfig["train_file"][number][],
): Promise<(string | DataSource)[]> {
  const names = given.filter((source) => typeof source === "string");
  if (names.length === given.length) return resolveSources(names);
  const resolved: (string | DataSource)[] = [];
  for (const source of given) {
    if (typeof source === "string") resolved.push({ files: await resolveSources([source]) });
    else {
      const { path, message_keys: messageKeys, ...share } = source;
      resolved.push({ ...share, messageKeys, files: await resolveSources(path) });
    }
  }
  return resolved;
}

/** What the user should know of the data before training begins, a line each. */
export function describeData(
  data: TrainingData | StreamingData,
  cursor: DataCursor | undefined,
): string[] {
  if (!("sources" in data)) {
    return [
      "A stream is shuffled only within its buffer, and resuming reads it again from the start.",
    ];
  }
  const lines = describeShares(data.sources);
  if (cursor && cursor.rows !== data.rows) {
    lines.push(
      `The number of rows per epoch has changed from ${cursor.rows} to ${data.rows}, so the order is different.`,
    );
  }
  return lines;
}

/** Threads that read and tokenise: as many as asked for, or one for every four cores, up to 4. */
export function countWorkers({
  dataloader_num_workers: asked,
}: Pick<TrainingConfig, "dataloader_num_workers">): number {
  return asked ?? Math.min(4, Math.max(1, Math.floor(availableParallelism() / 4)));
}

/** What an epoch takes of each source, a line each; nothing where it takes all of one. */
function describeShares(sources: readonly SourceShare[]): string[] {
  const plain = sources.every(({ rows, rowsInFiles, rowsPerEpoch }) => {
    return rows === rowsInFiles && rowsPerEpoch === rows;
  });
  if (plain && sources.length === 1) return [];
  const total = sources.reduce((sum, { rowsPerEpoch }) => sum + rowsPerEpoch, 0);
  const number = (value: number) => value.toLocaleString("en");
  return sources.map(({ name, rows, rowsInFiles, rowsPerEpoch }) => {
    const share = `${((100 * rowsPerEpoch) / total).toFixed(1)} %`;
    const limited = rows < rowsInFiles ? ` of ${number(rowsInFiles)}` : "";
    const times = rowsPerEpoch === rows ? "" : `, ${(rowsPerEpoch / rows).toFixed(2)} times`;
    return `${name}: ${number(rowsPerEpoch)} rows per epoch (${share}) from ${number(rows)}${limited} rows${times}`;
  });
}
