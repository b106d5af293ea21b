/** What the HTTP process and the engine say to each other: plain data, as JSON. */
import type { GenerationChoices } from "../../generate/index.js";
import type { Message, TemplateVariables } from "../../text/index.js";
import type { PlainError } from "../../util/plainError.js";
import type { SamplingDefaults } from "../schema.js";

/** A model that is to be served. */
export interface ModelSpec {
  /** What `model` in a request says. */
  name: string;
  /** Entry of the catalogue it comes from. */
  source: string;
  /** Directory, GGUF file, `builtin:` name, id on the hub, or directory of an adapter. */
  place: string;
  /** Further adapters on it, the lowest first. */
  adapters: readonly (string | { name: string; weight: number })[];
  dtype?: string | undefined;
  device?: string | undefined;
  /** Name of a chat template; default: that of its training, or its own. */
  template?: string | undefined;
}

/** What the engine tells of a model that it has loaded. */
export interface ModelFacts {
  base: string;
  adapters: string[];
  family: string;
  parameters: number;
  context: number;
  weights: string;
  /** Bytes of its own tensors; what it shares with another model is that one's. */
  memoryBytes: number;
  /** The model whose weights it shares, or null. */
  shares: string | null;
  tools: boolean;
  reasoning: boolean;
  defaults: SamplingDefaults;
  /** What the user should know of it, a line each. */
  notes: string[];
}

/** A function that the model is told of, in the form in which templates take it. */
export interface ToolSpec {
  type: "function";
  function: { name: string; description?: string; parameters?: unknown };
}

/** A prompt in one of the forms that requests give it in. */
export type Prompt =
  | {
      kind: "chat";
      messages: Message[];
      tools: ToolSpec[] | null;
      toolChoice: ToolChoice;
      /** Whether an answer may call more than one tool. */
      callsMany: boolean;
      variables: TemplateVariables | null;
      /** The last message is an answer of the assistant's that is to be gone on with. */
      continues: boolean;
    }
  | { kind: "text"; text: string }
  | { kind: "ids"; ids: number[] };

/** What an answer is held to, token by token. */
export type AnswerFormat =
  | { type: "text" }
  | { type: "json_object" }
  | { type: "json_schema"; schema: unknown };

/** Whether tools may be called, must be, or which one. */
export type ToolChoice = "none" | "auto" | "required" | { name: string };

/** One prompt to be answered, perhaps several times. */
export interface AnswerRequest {
  model: string;
  /** Whose it is: clients take turns. */
  client: string;
  prompt: Prompt;
  choices: GenerationChoices;
  /** How many answers. */
  n: number;
  /** Null draws one. */
  seed: number | null;
  logitBias: [token: number, bias: number][];
  format: AnswerFormat;
  /** Whether pieces are told as they come, rather than calls of tools once they are whole. */
  streams: boolean;
  /** How many of the likeliest tokens are told beside the chosen one; null for no log probabilities. */
  logprobs: number | null;
}

/** A token with its log probability, and the likeliest ones in its place. */
export interface TokenReport {
  token: string;
  id: number;
  logprob: number;
  bytes: number[];
  top: { token: string; id: number; logprob: number; bytes: number[] }[];
}

/** `stop`: an end token or text; `length`: no room for more; `tool_calls`: it calls a tool. */
export type FinishReason = "stop" | "length" | "tool_calls";

/** A piece of an answer, as it becomes certain. `call` counts the calls of tools in an answer from 0. */
export type AnswerPiece =
  | { kind: "text"; text: string }
  | { kind: "reasoning"; text: string }
  | { kind: "call"; call: number; id: string; name: string }
  | { kind: "arguments"; call: number; text: string }
  | { kind: "warning"; text: string };

/** What an answer took. */
export interface Usage {
  promptTokens: number;
  completionTokens: number;
  /** Those of the answer that are reasoning. */
  reasoningTokens: number;
  /** Tokens of the prompt that the engine held already. */
  cachedTokens: number;
}

/** What the engine tells of a request: one `begin`, deltas, a `finish` for each answer, an `end`; or an `error`. */
export type AnswerEvent =
  | {
      type: "begin";
      promptTokens: number;
      /** Messages that were left out of the prompt, because the model has no room for them. */
      droppedMessages: number;
      /** The text of the prompt, where it was given as ids and is wanted back. */
      promptText: string | null;
    }
  | { type: "delta"; index: number; piece: AnswerPiece; tokens: TokenReport[] }
  | { type: "finish"; index: number; reason: FinishReason; tokens: TokenReport[] }
  | { type: "end"; usage: Usage }
  | { type: "error"; error: PlainError };

/** Figures of the engine, told with each sign of life. */
export interface EngineFigures {
  running: number;
  waiting: number;
  promptTokens: number;
  generatedTokens: number;
  cachedTokens: number;
  steps: number;
  keyValueBytes: number;
  keyValueLimitBytes: number;
  residentBytes: number;
  liveTensors: number;
}

/** From the HTTP process to the engine. */
export type ToEngine =
  | { type: "load"; spec: ModelSpec }
  | { type: "unload"; name: string }
  | { type: "answer"; id: number; request: AnswerRequest }
  | { type: "cancel"; id: number }
  | { type: "ping" };

/** From the engine to the HTTP process. */
export type FromEngine =
  | { type: "ready" }
  | { type: "progress"; name: string; progress: number }
  | { type: "loaded"; name: string; facts: ModelFacts }
  | { type: "failed"; name: string; error: PlainError }
  | { type: "answers"; events: [id: number, event: AnswerEvent][] }
  | { type: "alive"; figures: EngineFigures };
