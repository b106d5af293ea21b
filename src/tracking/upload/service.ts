/** What a tracking server is to the uploader: a run that is opened, gets values, and ends. */

/** A value of a curve. */
export interface Point {
  name: string;
  step: number;
  value: number;
  /** Seconds since 1970. */
  time: number;
}

/** A text at a step. */
export interface TextPoint {
  name: string;
  step: number;
  text: string;
  /** What the text answers. */
  caption: string;
  /** Seconds since 1970. */
  time: number;
}

/** The resolved configuration of a run. */
export type RunConfigValues = Readonly<Record<string, unknown>>;

/** What there is to know of a run before its first value. */
export interface RunFacts {
  /** `output_dir`. */
  directory: string;
  /** Its `events.jsonl`. */
  events: string;
  /** `run_name`; the name of the directory where there is none. */
  name: string;
  config: RunConfigValues;
  /** Seconds since 1970 when the first attempt began. */
  time: number;
}

/** Under what a server knows a run; kept in the run directory, so that all attempts are one run there. */
export type SavedRun = Readonly<Record<string, string>>;

/** A run that is open at a server. */
export interface OpenedRun {
  saved: SavedRun;
  /** Where to look at it. */
  page: string;
  /** The last step of each name that the server has; values up to it are not sent again. */
  sent: Map<string, number>;
}

/** How a run ended, or its last attempt; `killed` where that was without a word, as with a power cut. */
export type EndReason = "done" | "stopped" | "failed" | "killed";

/**
 * A tracking server. What it throws is a {@link ServerError}; after any failure the run is opened
 * anew, and only what the server says it lacks is sent, so nothing is missing or twice.
 */
export interface Service {
  /** Names that the server takes; it may replace characters. */
  nameOf(name: string): string;
  /** Opens the run, creating it where it is not known yet. @param say gets lines for the user */
  begin(
    run: RunFacts,
    saved: SavedRun | undefined,
    say: (line: string) => void,
  ): Promise<OpenedRun>;
  /** Sends values and texts, in the order of their steps; at most {@link rowsAtOnce} rows of them. */
  send(points: readonly Point[], texts: readonly TextPoint[]): Promise<void>;
  /** Tells the server now and then that the run is alive. */
  heartbeat?(): Promise<void>;
  /** @param time seconds since 1970 */
  end(reason: EndReason, time: number): Promise<void>;
}

/** Rows of `events.jsonl` that are read and sent together. */
export const rowsAtOnce = 200;
