/** How the configuration says that rows are read and encoded. */
import type { HeldOut, SourceOptions } from "../data/index.js";
import type { OverLength, ReasoningChoice, SpecialTokensInText } from "../text/index.js";
import type { TrainingConfig } from "./config/index.js";

/** For whoever opens the data of a run: training, evaluation, `check`. */
export function readingOptions(config: TrainingConfig): SourceOptions & {
  maxSeqLength: number;
  overLength: OverLength;
  specialTokensInText: SpecialTokensInText;
  reasoning: ReasoningChoice | undefined;
} {
  return {
    ...(config.task_type === "pretrain" ? { format: "text" } : {}),
    maxSeqLength: config.max_seq_length,
    overLength: config.over_length,
    specialTokensInText: config.special_tokens_in_text,
    reasoning: config.reasoning ?? undefined,
    sameRole: config.same_role,
    mossTools: config.moss_tools,
    mossLearn: config.moss_learn,
    mossMetaInstruction: config.moss_meta_instruction,
    placeholders: config.placeholders,
    trainOnPrompt: config.train_on_prompt,
    maskHistory: config.mask_history,
    ...(config.default_system === null ? {} : { defaultSystem: config.default_system }),
  };
}

/** Where rows of train_file are held out: which of them this is about. */
export function heldOut(
  config: TrainingConfig,
  part: HeldOut["part"],
): { heldOut?: HeldOut | undefined } {
  return config.val_size > 0 ? { heldOut: { size: config.val_size, part } } : {};
}
