/** Prompts of requests: rendered, encoded, and made to begin as the request wants the answer to. */
import {
  callConstraint,
  createConstrainer,
  fitPrompt,
  jsonConstraint,
  schemaConstraint,
} from "../../generate/index.js";
import {
  forcedCall,
  type Message,
  type ReasoningMarks,
  reasoningMarksOf,
  reservedVariable,
  type TemplateVariables,
  type ToolCallFormat,
  toolCallFormatOf,
} from "../../text/index.js";
import { ConfigError, DataError } from "../../util/errors.js";
import { type JsonValue, parseJson } from "../../util/json/index.js";
import { encodeContinued } from "./continued.js";
import type { LoadedModel } from "./models.js";
import type { AnswerFormat, AnswerRequest, Prompt } from "./protocol.js";

type ChatPrompt = Extract<Prompt, { kind: "chat" }>;

/** A prompt, ready to be computed. */
export interface EncodedPrompt {
  /** [n] */
  promptIds: Int32Array;
  droppedMessages: number;
  /** Text at the end of the prompt that belongs to the answer. */
  begun: string;
  /** The end of the prompt as text, without {@link begun}. */
  ending: string;
  /** Ids at the end of the prompt that are part of the same text as the answer. */
  tail: Int32Array;
  marks: ReasoningMarks | undefined;
  calls: { format: ToolCallFormat; names: string[] } | null;
  /** Makes what holds one answer to its format; null for answers that are free. */
  constrain: (() => (answer: readonly number[]) => Uint32Array) | null;
  /** What the client should know, a sentence each. */
  notes: readonly string[];
}

/** How much room a prompt has. */
interface Room {
  context: number;
  maxNewTokens: number;
}

/** @throws DataError, ConfigError where the request cannot be answered by this model */
export async function encodeRequest(
  loaded: LoadedModel,
  { prompt, format }: AnswerRequest,
  room: Room,
): Promise<EncodedPrompt> {
  refuseHopeless(loaded, prompt, room);
  if (prompt.kind === "chat" && prompt.continues) {
    const messages = prompt.messages.map(plainCalls);
    const last = messages.pop()!;
    const variables = prompt.variables ?? undefined;
    const notes = unreadVariables(loaded, variables ?? {});
    const encoded = await encodeContinued(loaded, messages, last, variables, room);
    return { ...encoded, begun: "", calls: null, constrain: null, notes };
  }
  if (prompt.kind === "chat") return encodeChat(loaded, prompt, format, room);
  const { tokenizer } = loaded.chat;
  const promptIds =
    prompt.kind === "ids"
      ? Int32Array.from(prompt.ids)
      : await tokenizer.encode(prompt.text, { addSpecialTokens: true });
  const plain = { begun: "", ending: "", tail: none, marks: undefined, calls: null };
  return { promptIds, droppedMessages: 0, ...plain, ...formatOf(loaded, format) };
}

/** What cannot fit whatever its tokens are is not encoded, which would hold up everybody. */
function refuseHopeless(loaded: LoadedModel, prompt: Prompt, { context }: Room): void {
  if (prompt.kind === "ids") return;
  const text = prompt.kind === "text" ? prompt.text : (prompt.messages.at(-1)?.content ?? "");
  loaded.longestToken ??= longestToken(loaded);
  if (text.length <= context * loaded.longestToken) return;
  throw new DataError(`the message is too long: it has ${text.length} characters`, {
    why: `the model has ${context} positions for prompt and answer together`,
    todo: "shorten the message",
  });
}

/** Characters of the longest token. */
function longestToken({ chat: { tokenizer } }: LoadedModel): number {
  let longest = 1;
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    longest = Math.max(longest, tokenizer.idToToken(id)?.length ?? 0);
  }
  return longest;
}

async function encodeChat(
  loaded: LoadedModel,
  prompt: ChatPrompt,
  format: AnswerFormat,
  room: Room,
): Promise<EncodedPrompt> {
  const { tokenizer, template } = loaded.chat;
  const unread = unreadVariables(loaded, prompt.variables ?? {});
  const tools = prompt.toolChoice === "none" ? null : prompt.tools;
  const calls = tools && {
    format: callFormat(loaded),
    names: tools.map((tool) => tool.function.name),
  };
  const { promptIds, forgotten } = await fitPrompt(
    {
      tokenizer,
      template,
      messages: prompt.messages.map(plainCalls),
      tools: tools?.map(plainJson),
      variables: prompt.variables ?? undefined,
    },
    room,
  );
  const ending = tokenizer.decode(promptIds.slice(-ENDING));
  const marks = reasoningMarksOf(template);
  const free = formatOf(loaded, format);
  const forced = calls && forcedChoice(loaded, prompt, calls.format);
  const held = forced ?? free;
  // An answer that is held to a format has no reasoning; where the prompt opens it, it ends at once.
  const isOpen = marks !== undefined && ending.trimEnd().endsWith(marks.opening);
  const ended = held.constrain && isOpen ? `\n${marks.closing}\n\n` : "";
  const begun = ended + (forced?.prefix ?? "");
  const added = begun === "" ? [] : await tokenizer.encode(begun);
  return {
    promptIds: Int32Array.from([...promptIds, ...added]),
    droppedMessages: forgotten,
    begun,
    ending,
    tail: none,
    marks,
    calls,
    constrain: held.constrain,
    notes: [...unread, ...held.notes],
  };
}

/** @throws ConfigError for what is no variable of a template @returns those without effect, a sentence each */
function unreadVariables({ chat }: LoadedModel, variables: TemplateVariables): string[] {
  const reserved = reservedVariable(variables);
  if (reserved !== undefined) {
    throw new ConfigError(`chat_template_kwargs cannot set ${reserved}`, {
      why: "it is no variable of a template, but follows from the request",
    });
  }
  const unread = Object.keys(variables).filter((name) => !chat.template.mentions(name));
  return unread.map((name) => `${name} has no effect: the model's chat template never reads it`);
}

const none = new Int32Array();

/** Tokens at the end of a prompt in which marks of reasoning are looked for. */
const ENDING = 32;

function callFormat({ chat }: LoadedModel): ToolCallFormat {
  const format = toolCallFormatOf(chat.template);
  if (format) return format;
  throw new ConfigError("this model has no form for tools", {
    why: "its chat template does not tell it of tools, or writes calls in no known format",
    todo: "leave out tools, or ask a model that was trained with tools",
  });
}

type Held = Pick<EncodedPrompt, "constrain" | "notes">;

function formatOf(loaded: LoadedModel, format: AnswerFormat): Held {
  if (format.type === "text") return { constrain: null, notes: [] };
  const ends = loaded.chat.stopTokenIds;
  loaded.constrainer ??= createConstrainer(loaded.chat.tokenizer);
  const { constrainer } = loaded;
  const make = () =>
    format.type === "json_object"
      ? { ...jsonConstraint(constrainer, ends), notes: [] }
      : schemaConstraint(constrainer, format.schema, ends);
  return { constrain: () => make().allow, notes: make().notes };
}

/** Where a tool must be called, how the answer begins, and what it is held to. */
function forcedChoice(
  loaded: LoadedModel,
  { tools, toolChoice }: ChatPrompt,
  format: ToolCallFormat,
): (Held & { prefix: string }) | null {
  if (toolChoice === "auto" || toolChoice === "none") return null;
  const wanted = (tools ?? []).filter(
    (tool) => toolChoice === "required" || tool.function.name === toolChoice.name,
  );
  const { prefix, choices } = forcedCall(
    format,
    wanted.map(({ function: { name, parameters } }) => ({ name, parameters })),
  );
  loaded.constrainer ??= createConstrainer(loaded.chat.tokenizer);
  const { constrainer } = loaded;
  const make = () => callConstraint(constrainer, choices, loaded.chat.stopTokenIds);
  return { prefix, constrain: () => make().allow, notes: make().notes };
}

/** Values that templates render as Python would: 20.0 stays 20.0. */
function plainJson(value: unknown): JsonValue {
  return parseJson(JSON.stringify(value));
}

/** Arguments of calls, which OpenAI's API has as text, as templates take them. */
function plainCalls(message: Message, at: number): Message {
  if (message.tool_calls === undefined) return message;
  const calls = message.tool_calls.map((call, i) => {
    const { arguments: given } = call.function;
    if (typeof given !== "string") return call;
    try {
      return { ...call, function: { ...call.function, arguments: parseJson(given) } };
    } catch (cause) {
      throw new DataError(`messages[${at}].tool_calls[${i}].function.arguments is not JSON`, {
        cause,
      });
    }
  });
  return { ...message, tool_calls: calls };
}
