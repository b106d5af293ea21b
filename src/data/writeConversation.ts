/** Writes a conversation as a row of any format, without silently losing anything. */
import { isDeepStrictEqual } from "node:util";
import { type Message, place } from "../text/index.js";
import { DataError } from "../util/errors.js";
import { stringifyJson } from "../util/json/index.js";
import type { Row } from "./formats/fields.js";
import type { ConversationFormat, FormattedRow } from "./formats/format.js";
import { formatNamed } from "./formats/formats.js";
import type { WholeRow } from "./readConversation.js";

/** Name of the format that holds everything that a row of this kind has. */
export function canonicalFormat({ conversation, pair }: WholeRow): string {
  if (pair) return "preference";
  return conversation.kind === "text" ? "text" : "messages";
}

/**
 * The row in a format, with the keys that its first format did not use. It is read back and compared,
 * so that what this format cannot hold is refused and never dropped; only ids of tool calls may go,
 * where the order says the same.
 * @param format default: the canonical one of its kind
 * @throws DataError naming file and line
 */
export function writeConversation(whole: WholeRow, format = canonicalFormat(whole)): Row {
  const { conversation, pair, rest } = whole;
  const { messages, tools, id, kind, chatTemplateKwargs, source } = conversation;
  const row: FormattedRow = {
    messages,
    tools,
    id,
    chosen: pair?.chosen,
    rejected: pair?.rejected,
    kind: pair ? "preference" : kind,
  };
  try {
    const target = formatNamed(format);
    const written = withoutUndefined(target.write(row));
    const isEmpty = (key: string) => rest[key] === null;
    const means = (key: string) =>
      Object.hasOwn(written, key) || (target.keys.includes(key) && key !== "id");
    const taken = Object.keys(rest).find((key) => means(key) && !isEmpty(key));
    if (taken !== undefined) {
      throw new DataError(`the row already has a key ${JSON.stringify(taken)}`, {
        why: `it has a different meaning in format ${format}`,
        todo: "rename or remove the key",
      });
    }
    expectSame(row, written, target);
    const beside = Object.entries(rest).filter(([key]) => !means(key));
    return {
      ...written,
      // Read from rows of every format.
      ...(chatTemplateKwargs && { chat_template_kwargs: chatTemplateKwargs }),
      ...Object.fromEntries(beside),
    };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(`${place(source)}${error.message}`, {
      ...(error.why === undefined ? {} : { why: error.why }),
      ...(error.todo === undefined ? {} : { todo: error.todo }),
    });
  }
}

/** Formats that need no reading back: they write messages as they are. */
const lossless = new Set(["messages", "preference", "text"]);

function expectSame(row: FormattedRow, written: Row, target: ConversationFormat): void {
  if (lossless.has(target.name)) return;
  const back = target.read(written, { mossMetaInstruction: true });
  const [before, after] = [row, back].map(({ messages, tools }) => ({
    messages: messages.map(comparable),
    tools: stringifyJson(tools ?? []),
  }));
  if (isDeepStrictEqual(before, after)) return;
  const at = before!.messages.findIndex(
    (message, index) => !isDeepStrictEqual(message, after!.messages[index]),
  );
  throw new DataError(
    `the format ${target.name} would change ${at < 0 ? "the row" : `message ${at + 1}`}`,
    {
      why: "reading it back gives something else, for example because of whitespace at its ends or a marker of the format inside it",
      todo: "convert to messages, which keeps everything, or remove the row",
    },
  );
}

/** A message as formats without ids of calls have it; what is learnt is said for all. */
function comparable(message: Message): unknown {
  const { tool_call_id: _answers, train, ...rest } = message;
  const learnt = train ?? message.role === "assistant";
  const { tool_calls: calls } = message;
  return calls === undefined
    ? { ...rest, learnt }
    : { ...rest, learnt, tool_calls: calls.map((call) => stringifyJson(call.function)) };
}

function withoutUndefined(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}
