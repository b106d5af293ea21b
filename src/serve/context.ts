/** What every part of the HTTP process is given. */
import type { Catalogue } from "./catalogue/index.js";
import type { Engine, ModelSpec } from "./engine/index.js";
import type { Metrics } from "./metrics.js";

/** What the rules of access depend on. */
export interface Access {
  /** Where the server listens. */
  host: string;
  /** SHA-256 of the API key; null where none is needed. */
  keyHash: Buffer | null;
  /** Further names of the server, as behind a proxy. */
  allowedHosts: ReadonlySet<string>;
}

/** How much is asked of a server at once. */
export interface ServeLimits {
  /** Answers that may be computed or wait at once; more are refused with 429. */
  requests: number;
}

export interface ServeContext {
  version: string;
  access: Access;
  limits: ServeLimits;
  /** How every model is loaded. */
  loading: Pick<ModelSpec, "dtype" | "device" | "template">;
  /** Folders below which runs are looked for; the first is where new runs are put. */
  runRoots: readonly string[];
  /** Folders below which data files are looked for. */
  dataRoots: readonly string[];
  /** Folders below which evaluations are looked for, beside those of runs. */
  resultRoots: readonly string[];
  engine: Engine;
  /** Names of the models that the server was started with: it is ready when they are. */
  firstModels: readonly string[];
  catalogue: Catalogue;
  metrics: Metrics;
  /** Aborted when the server begins to end: nothing new is begun. */
  ending: AbortSignal;
  /** Aborted when what is still open has to close: streams, watchers, children. */
  ended: AbortSignal;
  /** One line for the server's own log, on stderr. */
  log(line: string): void;
  /** The same for a request that was answered; silent with `--quiet`. */
  logRequest(line: string): void;
}
