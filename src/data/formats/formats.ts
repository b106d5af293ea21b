/** The known conversation formats, and their detection. */
import { ConfigError, DataError } from "../../util/errors.js";
import { alpacaFormat } from "./alpaca.js";
import { alpacaPromptFormat } from "./alpacaPrompt.js";
import { conversationRow } from "./bareList.js";
import { fireflyFormat } from "./firefly.js";
import type { ConversationFormat } from "./format.js";
import { messagesFormat } from "./messages.js";
import { mossFormat } from "./moss.js";
import { preferenceFormat } from "./preference.js";
import { promptCompletionFormat } from "./promptCompletion.js";
import { shareGptFormat } from "./shareGpt.js";
import { textFormat } from "./text.js";

const formats: readonly ConversationFormat[] = [
  messagesFormat,
  mossFormat,
  fireflyFormat,
  preferenceFormat,
  shareGptFormat,
  alpacaFormat,
  promptCompletionFormat,
  textFormat,
];

/** Formats that are read where they are named, and never detected or written. */
const onlyByName: readonly ConversationFormat[] = [alpacaPromptFormat];

/** Names of the formats that can be detected and written. */
export const conversationFormatNames: readonly string[] = formats.map(({ name }) => name);

/** @throws ConfigError for an unknown name */
export function formatNamed(name: string): ConversationFormat {
  const format = [...formats, ...onlyByName].find((candidate) => candidate.name === name);
  if (format) return format;
  throw new ConfigError(`unknown data format ${JSON.stringify(name)}`, {
    todo: `use one of ${conversationFormatNames.join(", ")}`,
  });
}

/**
 * The format of a file by its first rows that are objects.
 * @throws DataError when no format has such rows
 */
export function detectFormat(rows: readonly unknown[], file: string): ConversationFormat {
  const objects = rows.map(conversationRow).filter((row) => row !== undefined);
  for (const row of objects) {
    const format = formats.find((candidate) => candidate.matches(row));
    if (format) return format;
  }
  const [first] = objects;
  const forms =
    'messages: {"messages": [{"role", "content"}]}, moss: {"chat": {"turn_1"}}, firefly: ' +
    '{"conversation": [{"human", "assistant"}]}, sharegpt: {"conversations": [{"from", "value"}]}, ' +
    'alpaca: {"instruction", "output"}, prompt_completion: {"prompt", "completion"}, ' +
    'text: {"text"}, preference: {"prompt", "chosen", "rejected"}';
  throw new DataError(`${file}: unknown conversation format`, {
    why: first
      ? `its rows have the keys ${Object.keys(first).slice(0, 12).join(", ") || "(none)"}`
      : "its first rows are not JSON objects",
    todo: `convert them to one of these, or say with columns of a source in train_file what theirs are called: ${forms}`,
  });
}
