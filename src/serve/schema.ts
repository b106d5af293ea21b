/**
 * The contract between the server and its page: every JSON body and event under `/api`. Plain types that
 * import nothing, so that `web/` takes them as they are. OpenAI's API (`/v1`) is described by
 * `/openapi.json`.
 *
 * Paths on the disk never come from a request: runs, files, models and evaluations have ids that the
 * server made up, keys of its tables. Numbers that were not measured are null; times are seconds since
 * 1970; losses are natural logarithms per labelled token.
 */

/** Body of every error, of `/v1` and `/api` alike. */
export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

// ---- Server and models

/** GET /api/status */
export interface ServerStatus {
  version: string;
  /** Whether the engine answers. */
  ready: boolean;
  /** Whether requests need a key that this one had. */
  protected: boolean;
  /** Times that the engine was started again after it ended by itself. */
  restarts: number;
  models: ServedModel[];
}

/** A model, perhaps with adapters, that requests can name. */
export interface ServedModel {
  /** What `model` in a request says. */
  name: string;
  state: "loading" | "ready" | "failed";
  /** Share of the weights that are read, 0 to 1, while loading. */
  progress: number | null;
  /** Why it failed. */
  error: string | null;
  /** Entry of the catalogue it came from. */
  source: string;
  base: string;
  adapters: string[];
  family: string | null;
  parameters: number | null;
  /** Most tokens of prompt and answer together. */
  context: number | null;
  /** Number type of weights as they are read by decoding, in words. */
  weights: string | null;
  memory_bytes: number | null;
  /** Whether its template renders tools, and shows reasoning that can be switched. */
  tools: boolean;
  reasoning: boolean;
  /** Sampling values that the model's own generation_config.json gives. */
  defaults: SamplingDefaults;
}

export interface SamplingDefaults {
  temperature?: number;
  top_p?: number;
  top_k?: number;
  min_p?: number;
  repetition_penalty?: number;
  max_tokens?: number;
}

/** GET /api/catalogue: what can be loaded. POST /api/models `{ source, name? }` loads, DELETE /api/models/NAME unloads. */
export interface Catalogue {
  entries: CatalogueEntry[];
}

export interface CatalogueEntry {
  id: string;
  /** For people: `smollm2-135m`, `demo`, `demo, step 100`. */
  title: string;
  kind: "model" | "adapter" | "checkpoint";
  /** Run that it belongs to. */
  run: string | null;
  step: number | null;
  /** What a run began from: the id of its entry, or its name where it has none. */
  base: string | null;
  loaded_as: string | null;
}

/** Body of POST /api/models. */
export interface LoadRequest {
  /** Id of a catalogue entry. */
  source: string;
  /** Default: made from the title. */
  name?: string;
}

// ---- Runs

export type RunState = "queued" | "running" | "done" | "stopped" | "failed" | "killed";

/** GET /api/runs */
export interface RunList {
  runs: RunSummary[];
  /** Folders that were looked in, for empty states. */
  roots: string[];
}

export interface RunSummary {
  id: string;
  name: string;
  state: RunState;
  step: number;
  total_steps: number | null;
  epoch: number | null;
  loss: number | null;
  eval_loss: number | null;
  tokens_per_second: number | null;
  /** Seconds left by the speed so far, while it runs. */
  eta_seconds: number | null;
  model: string | null;
  train_mode: string | null;
  attempts: number;
  started: number;
  updated: number;
  /** The newest losses, at most 40, for a small curve. */
  recent_losses: number[];
  /** Whether this server started it, so that its process is known. */
  ours: boolean;
}

/** GET /api/runs/ID */
export interface RunDetail extends RunSummary {
  config: ConfigValue[];
  attempts_list: Attempt[];
  checkpoints: Checkpoint[];
  /** Final figures (`end` event), or null. */
  summary: Record<string, number | string | null> | null;
  evaluations: string[];
  /** Names of metrics that have curves. */
  metrics: string[];
  samples: GeneratedSample[];
  dialogues: GeneratedDialogue[];
  /** Warnings, spikes, non-finite steps, resumes, checkpoints, failures: newest last. */
  notices: Notice[];
  /** What can be done now, and why not where it cannot. */
  actions: { stop: Possible; resume: Possible; duplicate: Possible };
  device: string | null;
  compute_dtype: string | null;
  parameters: number | null;
  trainable_parameters: number | null;
  memory_limit_bytes: number | null;
}

export interface Possible {
  possible: boolean;
  /** Why not. */
  reason: string | null;
}

export interface ConfigValue {
  key: string;
  value: unknown;
  /** `default`, a file, `command line`, … as config.json says. */
  source: string;
}

export interface Attempt {
  attempt: number;
  from_step: number;
  started: number;
  ended: number | null;
  outcome: RunState;
}

export interface Checkpoint {
  step: number;
  bytes: number | null;
  best: boolean;
  /** Still on the disk. */
  kept: boolean;
  /** Entry of the catalogue, to talk to it. */
  catalogue: string | null;
}

export interface GeneratedSample {
  step: number;
  prompt: string;
  text: string;
  finish_reason: string;
}

export interface GeneratedDialogue {
  step: number;
  turns: { user: string; text: string; finish_reason: string; tokens: number }[];
  repetition_rate: number;
  repeated_answer_rate: number;
  cut_off_rate: number;
  wrong_language_rate: number | null;
  answer_tokens: number;
}

export interface Notice {
  kind:
    | "warning"
    | "spike"
    | "non_finite"
    | "resume"
    | "checkpoint"
    | "evaluation"
    | "end"
    | "error";
  step: number;
  time: number;
  attempt: number;
  text: string;
  /** Whether GET /api/runs/ID/rows?step=… knows the rows. */
  has_rows: boolean;
}

/** GET /api/runs/ID/curves?axis=step|epoch|hours|tokens&points=N (default 1,000): each curve thinned to extremes of equal parts. */
export interface RunCurves {
  axis: "step" | "epoch" | "hours" | "tokens";
  /** Up to where events were read: `since=` of the live stream goes on from here without gap or repetition. */
  position: string;
  curves: Record<string, Curve>;
}

export interface Curve {
  x: number[];
  /** Null where the value was not finite. */
  y: (number | null)[];
  /** Points before thinning. */
  points: number;
  unit: string | null;
}

/** GET /api/runs/ID/rows?step=N: the rows of a step's update, the largest loss first. */
export interface StepRows {
  step: number;
  rows: StepRow[];
}

export interface StepRow {
  file: string;
  line: number;
  loss: number | null;
  labelled_tokens: number | null;
  /** Id of the file among GET /api/data, and the row's number there, to open it. */
  data: string | null;
  row: number | null;
  preview: string | null;
}

/** GET /api/runs/ID/duplicate: ConfigRequest, to change and send. POST /api/runs/ID/stop answers `{ stopping: true }`. */

/** GET /api/runs/ID/difference?with=ID */
export interface ConfigDifference {
  changed: { key: string; here: unknown; there: unknown }[];
}

/**
 * Server-sent events of GET /api/runs/ID/live[?since=POSITION]: `point` for each new event row with metrics,
 * `notice`, `sample`, `dialogue`, and a `summary` first and after new rows. Each row's event has a position
 * as its id; a client that connects again with it (Last-Event-ID or `since`) gets what it missed, once. A
 * notice of kind `resume` says that points after its step are void.
 */
export type LiveEvent =
  | { type: "summary"; summary: RunSummary }
  | {
      type: "point";
      step: number;
      epoch: number | null;
      time: number;
      /** All so far, as the axis has it. */
      tokens: number;
      metrics: Record<string, number | null>;
    }
  | { type: "notice"; notice: Notice }
  | { type: "sample"; sample: GeneratedSample }
  | { type: "dialogue"; dialogue: GeneratedDialogue };

/** Server-sent events of GET /api/live: what lists show. */
export type ServerEvent =
  | { type: "status"; status: ServerStatus }
  | { type: "run"; summary: RunSummary }
  | { type: "queue"; queue: Queue };

// ---- Form, check, queue

/** GET /api/form: every key of the configuration, the few that matter first. */
export interface ConfigForm {
  sections: FormSection[];
}

export interface FormSection {
  /** Stable name, which the page translates. */
  id: string;
  /** Shown at once, or folded away. */
  essential: boolean;
  fields: FormField[];
}

export interface FormField {
  key: string;
  kind: "text" | "number" | "integer" | "boolean" | "choice" | "list" | "json" | "model" | "data";
  /** Whether null is a value of its own. */
  nullable: boolean;
  default: unknown;
  choices: string[] | null;
  minimum: number | null;
  maximum: number | null;
  help: string;
}

/**
 * Body of POST /api/check, of POST /api/queue (waits its turn) and POST /api/runs (starts at once), which
 * answer with the QueuedJob. Keys are the configuration's.
 */
export interface ConfigRequest {
  /** Name of the run and of its directory below the server's runs. */
  name: string;
  /** Values that differ from the defaults. `model_name_or_path` is a catalogue id or a hub id, `train_file` ids of GET /api/data. */
  values: Record<string, unknown>;
  /** Run whose values hold for keys that name files on the server, which no request can. */
  from?: string | null;
}

/** Answer of POST /api/check. */
export interface CheckReport {
  ok: boolean;
  problems: { what: string; why: string | null; todo: string | null; key: string | null }[];
  warnings: string[];
  memory: {
    predicted_bytes: number | null;
    available_bytes: number | null;
    parts: { name: string; bytes: number }[];
  } | null;
  disk: { needed_bytes: number | null; available_bytes: number | null } | null;
  steps: number | null;
  conversations: number | null;
  tokens: number | null;
  trainable_parameters: number | null;
  estimated_seconds: number | null;
  /** The command that does the same in a terminal. */
  command: string;
}

/** GET /api/queue. PUT /api/queue/order `{ ids }`, POST /api/queue/pause|continue, DELETE /api/queue/ID. */
export interface Queue {
  paused: boolean;
  /** In order; the one that runs comes first. */
  jobs: QueuedJob[];
}

export interface QueuedJob {
  id: string;
  name: string;
  state: "waiting" | "checking" | "running" | "done" | "failed" | "refused" | "stopped";
  /** Its run, once it has one. */
  run: string | null;
  values: Record<string, unknown>;
  error: string | null;
  added: number;
}

/** Body of POST /api/queue/sweep: a run for each combination of the listed values, at most 64. Answers `{ jobs }`. */
export interface SweepRequest extends ConfigRequest {
  lists: Record<string, unknown[]>;
}

/** GET /api/runs/ID/resume: what may change when the run goes on, with the values it has. */
export interface ResumeForm extends ConfigForm {
  /** Step of the checkpoint that it goes on from. */
  from_step: number | null;
  values: Record<string, unknown>;
}

/** Body of POST /api/runs/ID/resume: without changes exactly, else with them. Answers with the QueuedJob. */
export interface ResumeRequest {
  changes?: Record<string, unknown>;
}

// ---- Data

/** GET /api/data */
export interface DataList {
  files: DataFile[];
  roots: string[];
}

export interface DataFile {
  id: string;
  /** File name, with the folders that tell it from others. */
  name: string;
  bytes: number;
  modified: number;
  /** Runs that train on it. */
  runs: string[];
  /** Made by `data clean` or `data dedup`: GET /api/data/ID/removed tells what is gone. */
  has_removed: boolean;
}

/** GET /api/data/ID */
export interface DataFileDetail extends DataFile {
  /** Rows counted so far; `indexed` 1 when all are. */
  rows: number;
  indexed: number;
  format: string | null;
  /** Why it cannot be read as conversations. */
  problem: string | null;
}

/** GET /api/data/ID/rows?offset=N&limit=N (at most 100) [&find=TEXT]; or `?line=N`: the row that begins there. */
export interface DataRows {
  offset: number;
  /** Rows of the file; with `find`, rows found so far. */
  total: number;
  /** With `find`: share of the file that was searched, 0 to 1. Ask again for more. */
  searched: number | null;
  rows: DataRow[];
}

export interface DataRow {
  row: number;
  line: number;
  /** Null where the row is damaged. */
  messages: RowMessage[] | null;
  tools: unknown;
  /** Other fields of the row. */
  fields: Record<string, unknown>;
  problem: string | null;
}

export interface RowMessage {
  role: string;
  content: string;
  /** Reasoning, calls of tools and other keys of the message, where it has some. */
  [key: string]: unknown;
}

/** GET /api/data/ID/tokens?row=N&model=CATALOGUE&template=NAME&max_length=N: the arrays that training reads. */
export interface RowTokens {
  row: number;
  tokens: TokenView[];
  trained: number;
  /** Tokens beyond max_length, which training drops. */
  truncated: number;
  template: string;
  /** Why training would refuse the row all the same. */
  problem: string | null;
}

export interface TokenView {
  id: number;
  text: string;
  trained: boolean;
  special: boolean;
}

/**
 * GET /api/data/ID/untrained?after=N&model=…&template=…&max_length=N: the next row of which nothing is
 * trained. One answer looks at as many rows as a second allows; asked again with `after: searched`, it goes on.
 */
export interface NextUntrained {
  /** Null where none was found up to `searched`. */
  row: number | null;
  /** The last row that was looked at. */
  searched: number;
  /** Whether that was the file's last row. */
  is_end: boolean;
}

/** GET /api/data/ID/packed?model=…&max_length=N&offset=N&limit=N */
export interface PackedRows {
  offset: number;
  rows: {
    length: number;
    room: number;
    parts: { row: number; tokens: number; trained: number }[];
  }[];
  /** Share of the room that is filled, 0 to 1. */
  fill: number;
}

/** GET /api/data/ID/stats: `data stats --json` of the file, computed once; `progress` until then. */
export interface DataStats {
  progress: number;
  stats: Record<string, unknown> | null;
  /** What the figures say in words, the same as in the terminal: problems first. */
  findings: { kind: "problem" | "note"; en: string; zh: string }[];
  error: string | null;
}

/** GET /api/data/ID/removed?reason=NAME&offset=N&limit=N */
export interface RemovedRows {
  reasons: { reason: string; rows: number }[];
  total: number;
  rows: { line: number; file: string; reason: string; detail: string | null; text: string }[];
}

// ---- Results

/** GET /api/results */
export interface ResultList {
  results: ResultSummary[];
}

export interface ResultSummary {
  id: string;
  name: string;
  model: string;
  base: string | null;
  run: string | null;
  step: number | null;
  protocol: string;
  date: number;
  tasks: number;
  /** Main score of each benchmark, 0 to 1. */
  scores: { benchmark: string; score: number; error: number | null; base_score: number | null }[];
}

/** GET /api/results/ID[?with=ID]: compared with its own base, or with the other evaluation where both were asked the same. */
export interface ResultDetail extends ResultSummary {
  rows: ResultRow[];
  /** What to watch in the scores: first what makes them meaningless. */
  notes: { en: string; zh: string }[];
}

/** GET /api/results/ID/report?language=en|zh[&with=ID]: the whole report as one HTML file. */

export interface ResultRow {
  benchmark: string;
  /** Subject or task; null for the benchmark's own line. */
  task: string | null;
  /** Name for readers. */
  label: string;
  /** `acc`; where answers were filtered, with the filter: `exact_match,strict-match`. */
  metric: string;
  /** Whether scores are shares, 0 to 1, or numbers of another kind. */
  is_share: boolean;
  questions: number;
  score: number;
  /** Standard error. */
  error: number | null;
  interval: [number, number] | null;
  base_score: number | null;
  base_error: number | null;
  difference: number | null;
  difference_interval: [number, number] | null;
  /** Of McNemar's test, corrected by Holm. */
  p_value: number | null;
  /** Questions that only the model, and only the base, answered rightly. */
  gained: number | null;
  lost: number | null;
}

/**
 * GET /api/results/ID/questions?task=NAME&show=all|wrong|gained|lost&offset=N&limit=N[&metric=NAME][&with=ID].
 * A task is one of ResultRow, or a benchmark for all of its tasks; without it all are shown.
 */
export interface ResultQuestions {
  total: number;
  questions: ResultQuestion[];
}

export interface ResultQuestion {
  /** Task and number of the question. */
  id: string;
  prompt: string;
  target: string;
  correct: boolean;
  base_correct: boolean | null;
  answer: string;
  base_answer: string | null;
  /** Choices with the probability that each model gives, where choices were compared. */
  choices: { text: string; probability: number | null; base_probability: number | null }[] | null;
}
