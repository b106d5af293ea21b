/** How the configuration says that rows are read and encoded. */
import type { FormatOptions } from "../data/index.js";
import type { OverLength, ReasoningChoice, SpecialTokensInText } from "../text/index.js";
import type { TrainingConfig } from "./config/index.js";

/** For whoever opens the data of a run: training, evaluation, `check`. */
export function readingOptions(config: TrainingConfig): FormatOptions & {
  maxSeqLength: number;
  overLength: OverLength;
  specialTokensInText: SpecialTokensInText;
  reasoning: ReasoningChoice | undefined;
  format?: string;
} {
  return {
    ...(config.task_type === "pretrain" ? { format: "text" } : {}),
    maxSeqLength: config.max_seq_length,
    overLength: config.over_length,
    specialTokensInText: config.special_tokens_in_text,
    reasoning: config.reasoning ?? undefined,
    mossTools: config.moss_tools,
    mossLearn: config.moss_learn,
    mossMetaInstruction: config.moss_meta_instruction,
    placeholders: config.placeholders,
  };
}
