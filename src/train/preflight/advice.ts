/** What to change where a run would not fit into memory: values that were tried, and that do. */
import { type DeviceConfig, type DeviceFacts, resolveForDevice } from "../config/index.js";
import { formatBytes } from "../progress.js";
import { type FindingParts, neededBytes } from "./estimate.js";

export interface AdviceParts extends FindingParts {
  facts: DeviceFacts;
}

/** Keys of the configuration with other values, in the user's words. */
interface Change {
  keys: Partial<DeviceConfig>;
  words: string;
}

/** Shorter rows are no conversations. */
const SHORTEST = 64;

/**
 * Changes of which each alone makes the run fit; where none does, some that do together.
 *
 * @returns words such as `per_device_train_batch_size 4 with gradient_accumulation_steps 8`; a
 *   sentence that says what is needed where nothing fits
 */
export function adviseChanges(parts: AdviceParts): { fitting: string[]; otherwise: string } {
  const { config, available } = parts;
  const needs = (keys: Partial<DeviceConfig>) => neededWith(parts, keys);
  const firstThatFits = (changes: Iterable<Change>): Change[] => {
    for (const change of changes) if (needs(change.keys) <= available) return [change];
    return [];
  };
  const modes = otherModes(config);
  const kinds: readonly Iterable<Change>[] = [
    checkpointing(config),
    smallerBatches(config),
    shorterRows(parts),
    smallerOptimizer(config),
    modes,
  ];
  const alone = kinds.flatMap(firstThatFits);
  if (alone.length > 0) return { fitting: alone.map(({ words }) => words), otherwise: "" };

  // Together, from what costs the least on.
  const together: Change[] = [...checkpointing(config), ...smallerOptimizer(config)];
  const withAll = (more: readonly Change[]) =>
    Object.assign({}, ...[...together, ...more].map(({ keys }) => keys)) as Partial<DeviceConfig>;
  const steps: readonly Change[][] = [
    [],
    ...modes.map((mode) => [mode]),
    ...combinations(modes.at(-1), smallerBatches(config)),
    ...combinations(modes.at(-1), shorterRows(parts), lastOf(smallerBatches(config))),
  ];
  let least = Number.POSITIVE_INFINITY;
  for (const more of steps) {
    const needed = needs(withAll(more));
    least = Math.min(least, needed);
    if (needed > available) continue;
    return {
      fitting: [[...together, ...more].map(({ words }) => words).join(" with ")],
      otherwise: "",
    };
  }
  const otherwise = `no setting fits: ${formatBytes(least)} are needed at the least; use a smaller model, or more memory`;
  return { fitting: [], otherwise };
}

/** Each of some changes with the others. */
function combinations(
  mode: Change | undefined,
  changes: Iterable<Change>,
  ...others: readonly (Change | undefined)[]
): Change[][] {
  const fixed = [mode, ...others].filter((change) => change !== undefined);
  return [...changes].map((change) => [...fixed, change]);
}

function lastOf<T>(values: Iterable<T>): T | undefined {
  return [...values].at(-1);
}

/** Bytes that the run needs with other values. */
function neededWith(parts: AdviceParts, keys: Partial<DeviceConfig>): number {
  const { config } = resolveForDevice({ ...parts.config, ...keys }, parts.facts);
  const { per_device_train_batch_size: rows, max_seq_length: length } = config;
  const sequences = parts.sequences.slice(0, rows).map(({ inputIds, labels }) => ({
    inputIds: inputIds.slice(0, length),
    labels: labels.slice(0, length),
  }));
  return neededBytes({ ...parts, config }, sequences);
}

function checkpointing({ gradient_checkpointing: isOn }: DeviceConfig): Change[] {
  const words = "gradient_checkpointing true";
  return isOn ? [] : [{ keys: { gradient_checkpointing: true }, words }];
}

function smallerOptimizer({ optimizer }: DeviceConfig): Change[] {
  if (optimizer.kind !== "adamw") return [];
  return [{ keys: { optim: "adamw_8bit" }, words: "optim adamw_8bit" }];
}

/** Ways of training that need less, the nearest first. */
function otherModes({ train_mode: mode }: DeviceConfig): Change[] {
  const lora: Change = { keys: { train_mode: "lora" }, words: "train_mode lora" };
  const qlora: Change = { keys: { train_mode: "qlora" }, words: "train_mode qlora (bits 4)" };
  if (mode === "full") return [lora, qlora];
  return mode === "lora" ? [qlora] : [];
}

/** With the rows of a step that they were. */
function* smallerBatches(config: DeviceConfig): Generator<Change> {
  const { per_device_train_batch_size: rows, gradient_accumulation_steps: accumulation } = config;
  for (let fewer = rows >> 1; fewer >= 1; fewer >>= 1) {
    const steps = Math.ceil((accumulation * rows) / fewer);
    yield {
      keys: { per_device_train_batch_size: fewer },
      words: `per_device_train_batch_size ${fewer} with gradient_accumulation_steps ${steps}`,
    };
  }
}

function* shorterRows({ sequences }: AdviceParts): Generator<Change> {
  const longest = Math.max(...sequences.map(({ inputIds }) => inputIds.length));
  for (let length = longest >> 1; length >= SHORTEST; length >>= 1) {
    yield { keys: { max_seq_length: length }, words: `max_seq_length ${length}` };
  }
}
