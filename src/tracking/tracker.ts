/** What a tracker is: a reader of a run's events that shows them somewhere else. */
import type { EventRow, StartEvent, TrainingConfig } from "../train/index.js";

/** What lines for the user call a tracker. @param name as in `report_to` */
export function titleOf(name: string): string {
  return name === "wandb" ? "W&B" : name;
}

/** A tracker of one attempt. */
export interface Tracker {
  /** Takes each row after it was stored, in order; the first is the `start` row. It must not wait. */
  handle(row: EventRow): void;
  /** Writes or sends what is left, within a bounded time, and lets go of what it holds. */
  close(): void | Promise<void>;
}

/** What a tracker is opened with. */
export interface TrackerContext {
  /** `output_dir`. */
  readonly runDirectory: string;
  /** Its `events.jsonl`. */
  readonly events: string;
  /** The values that the run uses, as its `config.json` holds them. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Facts of the machine, from the same file. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The first row of the attempt. */
  readonly start: EventRow<StartEvent>;
  /** Environment variables. */
  readonly env: NodeJS.ProcessEnv;
  /** Gets lines for the user. */
  readonly say: (line: string) => void;
}

/** A kind of tracker, as the registry lists them. */
export interface TrackerKind {
  /** Where it writes or sends to, in words for one line of `check`. Touches nothing. */
  describe(config: TrainingConfig, env: NodeJS.ProcessEnv): string;
  /**
   * Why `report_to all` leaves it out, such as a server that was not named; `undefined` where it
   * works on this machine as it is.
   */
  missing?(config: TrainingConfig, env: NodeJS.ProcessEnv): string | undefined;
  /** It reads `events.jsonl` itself when it is opened, so a run that has been needs no rows. */
  readonly readsEvents?: boolean;
  /** Begins with an attempt. What it throws is told, and training goes on without it. */
  open(context: TrackerContext): Tracker;
}
