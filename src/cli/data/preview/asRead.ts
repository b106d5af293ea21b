/** How rows are read and encoded: as flags say, or as a run does (`--run`). */
import path from "node:path";
import type { SourceOptions } from "../../../data/index.js";
import type { OverLength, ReasoningChoice, SpecialTokensInText } from "../../../text/index.js";
import type { TrainingConfig } from "../../../train/index.js";
import { ConfigError } from "../../../util/errors.js";
import { oneOf, reasoningOf, sourceOptions, specialTokensOption } from "../options.js";
import { openTextModel, type TextModel } from "../textModel.js";
import type { PreviewFlags } from "./flags.js";

/** How rows become tokens. */
export interface AsRead {
  reading: SourceOptions;
  fitting: {
    maxSeqLength?: number | undefined;
    overLength?: OverLength | undefined;
    specialTokensInText?: SpecialTokensInText | undefined;
    reasoning?: ReasoningChoice | undefined;
  };
  text: Omit<TextModel, "path">;
}

/** Flags whose place a run's configuration takes. */
const decidedByRun: readonly (keyof PreviewFlags)[] = [
  "model",
  "tokenizer",
  "template",
  "chatTemplateKwargs",
  "fixAddedTokens",
  "maxSeqLength",
  "overLength",
  "specialTokensInText",
  "reasoning",
  "sameRole",
  "format",
  "encoding",
  "mossTools",
  "mossMetaInstruction",
  "mossLearn",
  "set",
  "packed",
];

/**
 * @param files that are shown
 * @throws ConfigError for values that an option does not accept, or that contradict `--run`, and where
 *   there is no run; FormatError where the model's files cannot be read
 */
export async function readAs(flags: PreviewFlags, files: readonly string[]): Promise<AsRead> {
  const { run } = flags;
  if (run !== undefined) return readAsRun(run, flags, files);
  return {
    reading: sourceOptions(flags),
    fitting: {
      maxSeqLength: flags.maxSeqLength,
      overLength: oneOf(flags.overLength, "--over-length", ["cut", "cut_turn", "drop", "split"]),
      specialTokensInText: specialTokensOption(flags),
      reasoning: reasoningOf(flags),
    },
    text: await openTextModel(flags),
  };
}

async function readAsRun(
  run: string,
  flags: PreviewFlags,
  files: readonly string[],
): Promise<AsRead> {
  const [other] = decidedByRun.filter((key) => Object.hasOwn(flags, key));
  if (other !== undefined) {
    const name = `--${other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new ConfigError(`--run and ${name} are both given`, {
      why: "the configuration of the run says how rows are read",
      todo: "remove one of them",
    });
  }
  // Only here is libtorch loaded.
  const { configOfRun, openRunText, readingOptions, sourceNames } = await import(
    "../../../train/index.js"
  );
  const config: TrainingConfig = configOfRun(run);
  const all = readingOptions(config);
  const { maxSeqLength, overLength, specialTokensInText, reasoning, ...reading } = all;
  const names = await sourceNames(
    config,
    files.map((file) => path.resolve(file)),
  );
  return {
    reading: { ...reading, ...names },
    fitting: { maxSeqLength, overLength, specialTokensInText, reasoning },
    text: await openRunText(config),
  };
}
