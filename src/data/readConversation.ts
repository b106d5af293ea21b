/** From a parsed row to a conversation, by its format and the rules for all of them. */
import { type Conversation, type Message, place, type Source } from "../text/index.js";
import { DataError } from "../util/errors.js";
import { type ConversationOptions, withOptions } from "./conversationOptions.js";
import { checkConversation } from "./conversationRules.js";
import { conversationRow } from "./formats/bareList.js";
import type { Row } from "./formats/fields.js";
import type { ConversationFormat, FormatOptions, FormattedRow } from "./formats/format.js";
import { refuseLostKeys } from "./formats/lostKeys.js";
import { templateKwargs } from "./formats/templateKwargs.js";
import { fillPlaceholders } from "./placeholders.js";
import { joinSameRole } from "./sameRole.js";

export interface ReadOptions extends FormatOptions, ConversationOptions {
  /** False: the order of roles and empty answers are not looked at. Default true. */
  checked?: boolean | undefined;
  /** Two messages of one role in a row are refused, or become one. Default `refuse`. */
  sameRole?: "refuse" | "join" | undefined;
  /**
   * Preference pairs, and rows with keys that say what training would not learn, are refused, or read:
   * pairs with their prompt as the conversation. Default refuse.
   */
  pairs?: "refuse" | "keep" | undefined;
}

export interface WholeRow {
  conversation: Conversation;
  /** The answers of a preference pair, whose prompt is the conversation. */
  pair?: { chosen: Message[]; rejected: Message[] };
  /** Keys of the row that its format does not use. */
  rest: Row;
}

/** The format that says itself what is learnt. */
const promptCompletion = "prompt_completion";

/** @throws DataError naming file and line */
export function readConversation(
  value: unknown,
  format: ConversationFormat,
  options: ReadOptions,
  source: Source,
): WholeRow {
  try {
    const row = conversationRow(value);
    if (row === undefined) {
      throw new DataError("the row is not a JSON object", { todo: "correct or remove the row" });
    }
    const filled = fillPlaceholders(format.read(row, options), options.placeholders);
    const { read: whole, joined } =
      options.sameRole === "join" ? joinSameRole(filled) : { read: filled, joined: 0 };
    const read = withOptions(whole, options);
    const { messages, tools, id, kind, chosen, rejected } = read;
    if (kind === "preference" && options.pairs !== "keep") throw preferenceRefusal();
    if (options.checked !== false) checkRow(read);
    const used = format.usedKeys?.(row) ?? format.keys;
    const variables = kind === "text" ? undefined : templateKwargs(row.chat_template_kwargs);
    const rest = Object.entries(row).filter(
      ([key]) => !used.includes(key) && (kind === "text" || key !== "chat_template_kwargs"),
    );
    if (options.pairs !== "keep") refuseLostKeys(Object.fromEntries(rest), read);
    return {
      conversation: {
        messages,
        source,
        ...(tools === undefined ? {} : { tools }),
        ...(id === undefined ? {} : { id }),
        ...(kind === "text" ? { kind } : {}),
        ...(joined > 0 ? { joined } : {}),
        ...(variables === undefined ? {} : { chatTemplateKwargs: variables }),
        ...(options.trainOnPrompt && format.name !== promptCompletion ? { learnt: "all" } : {}),
      },
      ...(chosen && rejected ? { pair: { chosen, rejected } } : {}),
      rest: Object.fromEntries(rest),
    };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(`${place(source)}${error.message}`, {
      ...(error.why === undefined ? {} : { why: error.why }),
      ...(error.todo === undefined ? {} : { todo: error.todo }),
      cause: error.cause,
    });
  }
}

/** @throws DataError that does not name the place */
export function checkRow({ kind, messages, chosen, rejected }: FormattedRow): void {
  if (kind === "text") return;
  if (kind !== "preference") {
    checkConversation(messages);
    return;
  }
  for (const answer of [chosen ?? [], rejected ?? []]) {
    checkConversation([...messages, ...answer]);
    if (answer[0]?.role !== "assistant") {
      throw new DataError("a preference pair whose prompt already contains the answer", {
        why: "chosen and rejected must start after a question",
        todo: "end the prompt with the question",
      });
    }
  }
}

function preferenceRefusal(): DataError {
  return new DataError("a preference pair cannot be used for supervised fine-tuning", {
    why: "it is for preference training (DPO and similar); rejected answers must not be trained on",
    todo: "keep the file for that stage (data convert keeps pairs), or make conversations from the chosen answers",
  });
}
