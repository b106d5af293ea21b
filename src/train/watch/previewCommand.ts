/** The command that shows a row as a run reads it. */
import { shellWord } from "../../util/shellWord.js";
import type { TrainingConfig } from "../config/index.js";
import type { RowLoss } from "../stepRows.js";

/** `./tunewright data preview FILE:LINE`, with what the configuration says of reading and encoding. */
export function previewCommand(
  { file, line }: Pick<RowLoss, "file" | "line">,
  config: TrainingConfig,
): string {
  const flags: [name: string, value: string | null][] = [
    ["--model", config.model_name_or_path],
    ["--template", config.template_name],
    ["--chat-template-kwargs", notEmpty(config.chat_template_kwargs)],
    ["--format", config.task_type === "pretrain" ? "text" : null],
    ["--max-seq-length", String(config.max_seq_length)],
    ["--over-length", other(config.over_length, "cut")],
    ["--special-tokens-in-text", other(config.special_tokens_in_text, "error")],
    ["--reasoning", config.reasoning],
    ["--same-role", other(config.same_role, "refuse")],
    ["--moss-tools", other(config.moss_tools, "keep")],
  ];
  const words = flags.flatMap(([name, value]) => (value === null ? [] : [name, value]));
  return ["./tunewright data preview", ...[`${file}:${line}`, ...words].map(shellWord)].join(" ");
}

const other = (value: string, standard: string) => (value === standard ? null : value);

const notEmpty = (value: object) => (Object.keys(value).length > 0 ? JSON.stringify(value) : null);
