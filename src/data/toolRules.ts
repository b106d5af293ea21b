/** Detects tool calls that a chat template silently leaves out. */
import type { ChatTemplate, Conversation, EncodedConversation } from "../text/index.js";
import { DataError } from "../util/errors.js";
import { stringifyJson } from "../util/json/index.js";

/**
 * Many templates know nothing of tools and just drop calls and definitions: the model would learn
 * empty answers. The name of what is called must be in the rendered text once for each call, and
 * that of a defined tool once more, beside where the messages themselves mention it.
 * @param sequences all that the conversation was made into
 * @throws DataError naming file and line
 */
export function checkTools(
  { messages, tools, source }: Conversation,
  sequences: readonly EncodedConversation[],
  templateName: string,
): void {
  const called = messages.flatMap(
    ({ tool_calls: calls }) => calls?.map((call) => call.function.name) ?? [],
  );
  if (called.length === 0 && tools === undefined) return;
  const segments = sequences.flatMap((sequence) => sequence.segments);
  const text = segments.map((segment) => ("text" in segment ? segment.text : "")).join("");
  const said = messages.map(({ content }) => content).join("\n");
  const uses = (name: string) => called.filter((one) => one === name).length;
  const isThere = (name: string, times: number) =>
    count(text, name) >= count(said, name) + uses(name) + times;
  const lost = called.find((name) => !isThere(name, 0));
  const unseen = tools !== undefined && !tools.some((tool) => isThere(toolName(tool), 1));
  if (lost === undefined && !unseen) return;
  const place = source ? `${source.file}:${source.line}: ` : "";
  const what = lost === undefined ? "the tool definitions" : `the call of ${lost}`;
  throw new DataError(`${place}chat template ${templateName} leaves out ${what}`, {
    why: "the template does not support tools",
    todo: "use a model whose template supports tools, or remove the row",
  });
}

function count(text: string, part: string): number {
  return part === "" ? 0 : text.split(part).length - 1;
}

function toolName(tool: unknown): string {
  const named = tool as { name?: unknown; function?: { name?: unknown } } | null;
  return String(named?.function?.name ?? named?.name ?? stringifyJson(tool));
}

/** What was found out of a template: whether it shows the words of tools, with calls and without. */
const shown = new WeakMap<ChatTemplate, Map<boolean, boolean>>();

const probe = "tunewright0probe";

/**
 * Templates made for questions and answers leave a tool's messages out too: the answer would then come
 * from nowhere. Tried once with each template, with words that it cannot have of its own.
 * @throws DataError naming file and line
 */
export function checkToolMessages(
  { messages, tools, source }: Conversation,
  template: ChatTemplate,
): void {
  if (!messages.some(({ role }) => role === "tool")) return;
  const hasCalls = messages.some(({ tool_calls: calls }) => calls?.length);
  const known = shown.get(template) ?? new Map<boolean, boolean>();
  shown.set(template, known);
  let isShown = known.get(hasCalls);
  if (isShown === undefined) {
    const probed = messages
      .filter(({ continues }) => !continues)
      .map((message) => (message.role === "tool" ? { ...message, content: probe } : message));
    const segments = template.render(probed, { promptOnly: true, tools, source });
    isShown = segments.some((segment) => !("text" in segment) || segment.text.includes(probe));
    known.set(hasCalls, isShown);
  }
  if (isShown) return;
  const place = source ? `${source.file}:${source.line}: ` : "";
  throw new DataError(`${place}chat template ${template.name} leaves out tool messages`, {
    why: "the template does not support tools",
    todo: "use a model whose template supports tools, or remove the row; for MOSS data, moss_tools: drop keeps only the answers",
  });
}
