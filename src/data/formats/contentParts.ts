/**
 * Content in parts: OpenAI's `{type: "text", text}`, Anthropic's `thinking`, `tool_use` and
 * `tool_result`, LLaMA-Factory's `{type, value}`.
 */
import { DataError } from "../../util/errors.js";
import { type Row, refuseKeys, rows, text, without, withoutNulls } from "./fields.js";

/** What the parts of one message say. */
export interface Content {
  text: string;
  reasoning?: string;
  /** Of tools; as they are in the file. */
  calls?: unknown[];
  /** Answers to calls, which are messages of their own. */
  results?: { id: string | undefined; text: string }[];
}

type Kind = "reasoning" | "result" | "text" | "call";

const kinds: Readonly<Record<string, Kind>> = {
  thinking: "reasoning",
  reasoning: "reasoning",
  tool_result: "result",
  text: "text",
  input_text: "text",
  output_text: "text",
  tool_use: "call",
  tool_call: "call",
  tool_calls: "call",
};

/** The order in which a template renders them. Another one cannot be kept. */
const order: readonly Kind[] = ["reasoning", "result", "text", "call"];

/**
 * @param name names the list in errors
 * @throws DataError for a part that is no text, reasoning, call or result, that has a key without a
 *   meaning, or that stands before what a message has in front of it
 */
export function readParts(list: unknown, name: string): Content {
  const content: Content = { text: "" };
  let last: Kind = "reasoning";
  for (const [index, row] of rows(list, name).entries()) {
    const place = `${name}[${index}]`;
    const kind = kindOf(row.type, place);
    if (order.indexOf(kind) < order.indexOf(last)) {
      throw new DataError(`${place} is of type ${JSON.stringify(row.type)}`, {
        why: `it follows a part with a ${last}, and the order would be lost`,
        todo: "split the message, or remove the row",
      });
    }
    last = kind;
    const { type, ...part } = withoutNulls(row);
    if (kind === "text") content.text += readWords(part, ["text", "value"], place);
    if (kind === "reasoning") {
      const words = readWords(part, ["thinking", "reasoning", "text", "value"], place);
      content.reasoning = (content.reasoning ?? "") + words;
    }
    if (kind === "call") content.calls = [...(content.calls ?? []), ...readCallPart(part, place)];
    if (kind === "result") content.results = [...(content.results ?? []), readResult(part, place)];
  }
  return content;
}

function kindOf(type: unknown, place: string): Kind {
  const kind = typeof type === "string" && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (kind !== undefined) return kind;
  throw new DataError(`${place} is of type ${JSON.stringify(type)}`, {
    why: "only text, reasoning, tool calls and their results are read, not images or audio",
    todo: "remove the row",
  });
}

/** The text under one of the names; nothing else may be there. */
function readWords(part: Row, names: readonly string[], place: string): string {
  const name = names.find((one) => part[one] !== undefined) ?? names[0]!;
  refuseKeys(without(part, [name]), place);
  return text(part[name], `${place}.${name}`);
}

/** LLaMA-Factory has the call's JSON text under `value`; elsewhere the part is the call. */
function readCallPart({ value, ...part }: Row, place: string): unknown[] {
  if (value === undefined) return [part];
  refuseKeys(part, place);
  return [value];
}

function readResult(part: Row, place: string): { id: string | undefined; text: string } {
  const { tool_use_id: id, content, ...rest } = part;
  refuseKeys(rest, place);
  const words = Array.isArray(content) ? readTexts(content, `${place}.content`) : content;
  return {
    id: id === undefined ? undefined : text(id, `${place}.tool_use_id`),
    text: text(words ?? "", `${place}.content`),
  };
}

function readTexts(content: unknown[], name: string): string {
  const { text: words, ...rest } = readParts(content, name);
  refuseKeys(rest, name);
  return words;
}
