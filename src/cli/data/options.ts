/** Options that the data commands share. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { MossPart, SourceOptions } from "../../data/index.js";
import type { ReasoningChoice, SpecialTokensInText, TemplateVariables } from "../../text/index.js";
import { ConfigError } from "../../util/errors.js";

/** What {@link addFormatOptions} declares. */
export interface FormatFlags {
  format?: string;
  encoding?: string;
  sameRole?: string;
  mossTools?: string;
  mossMetaInstruction?: boolean;
  mossLearn?: string;
  set?: Record<string, string>;
}

const mossParts: readonly MossPart[] = ["human", "thoughts", "commands", "results", "answers"];

/** Declares an option in kebab case, and hidden in snake case too. */
export function addKeyOption(
  command: Command,
  flags: string,
  description: string,
  parse?: (value: string) => unknown,
): void {
  for (const spelled of new Set([flags, flags.replace(/(?<=[a-z])-(?=[a-z])/g, "_")])) {
    const option = new Option(spelled, description).hideHelp(spelled !== flags);
    if (parse) option.argParser(parse);
    command.addOption(option);
  }
}

/** Declares what a chat template is chosen by, and what it gets. */
export function addTemplateOptions(command: Command, standard = "the model's own"): void {
  addKeyOption(command, "--template <name>", `name of the chat template (default: ${standard})`);
  addTemplateVariables(command);
}

/** Declares the variables that a chat template gets. */
export function addTemplateVariables(command: Command): void {
  addKeyOption(
    command,
    "--chat-template-kwargs <json>",
    `variables for the model's own chat template, such as '{"enable_thinking": false}'`,
    readVariables,
  );
}

/** Declares what becomes of added tokens that the model has no row for. */
export function addFixOption(command: Command): void {
  addKeyOption(
    command,
    "--fix-added-tokens",
    "take added tokens without a row in the embedding as ordinary text",
  );
}

/** Declares what is learnt of reasoning. */
export function addReasoningOption(command: Command): void {
  addKeyOption(
    command,
    "--reasoning <drop|keep|last|split>",
    "what is learnt of reasoning that the template leaves out, as in training (default: refuse)",
  );
}

/** @throws ConfigError for an unknown value */
export function reasoningOf(flags: { reasoning?: string }): ReasoningChoice | undefined {
  return oneOf(flags.reasoning, "--reasoning", ["drop", "keep", "last", "split"]);
}

function readVariables(json: string): TemplateVariables {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as TemplateVariables;
  }
  throw new InvalidArgumentError("It must be a JSON object.");
}

/** The values of a command's options by camel-case name, whichever spelling was used. */
export function camelOptions<T extends object>(options: T): T {
  const camel = (key: string) => key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
  const entries = Object.entries(options).map(([key, value]) => [camel(key), value]);
  return Object.fromEntries(entries);
}

export function addFormatOptions(command: Command): void {
  addKeyOption(
    command,
    "--format <name>",
    "messages, moss, firefly, sharegpt, alpaca, prompt_completion, text or preference (default: detected)",
  );
  command.option(
    "--encoding <name>",
    "text encoding of the files, for example gb18030, big5 or utf-16le (default: utf-8)",
  );
  addKeyOption(
    command,
    "--moss-tools <keep|drop|refuse>",
    "MOSS's thoughts, commands and results: keep as messages, drop, or refuse such rows (default: keep)",
  );
  addKeyOption(
    command,
    "--moss-meta-instruction",
    "keep MOSS's meta_instruction as the system message",
  );
  addKeyOption(
    command,
    "--moss-learn <parts>",
    "parts of MOSS's turns to train on: human,thoughts,commands,results,answers (default: thoughts,commands,answers)",
  );
  command.option(
    "--set <name=value>",
    "replace {{name}} by this value; may be repeated",
    (text: string, earlier: Record<string, string> = {}) => {
      const equals = text.indexOf("=");
      if (equals < 1) throw new InvalidArgumentError("It must have the form name=value.");
      return { ...earlier, [text.slice(0, equals)]: text.slice(equals + 1) };
    },
  );
}

/** Declares what becomes of two messages of one role in a row. */
export function addSameRoleOption(command: Command): void {
  addKeyOption(
    command,
    "--same-role <refuse|join>",
    "two messages of the user, or of the assistant, in a row: refuse such rows, or join them (default: refuse)",
  );
}

export function addSpecialTokensOption(command: Command): void {
  addKeyOption(
    command,
    "--special-tokens-in-text <error|text|token>",
    "how to handle text that spells a special token, as in training (default: error)",
  );
}

/** @throws ConfigError for a value that the option does not accept */
export function specialTokensOption(flags: {
  specialTokensInText?: string;
}): SpecialTokensInText | undefined {
  const { specialTokensInText: value } = flags;
  return oneOf(value, "--special-tokens-in-text", ["error", "text", "token"]);
}

/** @throws ConfigError for a value that an option does not accept */
export function sourceOptions(flags: FormatFlags): SourceOptions {
  return {
    format: flags.format,
    encoding: flags.encoding,
    sameRole: oneOf(flags.sameRole, "--same-role", ["refuse", "join"]),
    mossTools: oneOf(flags.mossTools, "--moss-tools", ["keep", "drop", "refuse"]),
    mossMetaInstruction: flags.mossMetaInstruction,
    mossLearn: flags.mossLearn === undefined ? undefined : readParts(flags.mossLearn),
    placeholders: flags.set,
  };
}

function readParts(list: string): MossPart[] {
  const names = list.split(",").map((name) => name.trim());
  return names.flatMap((name) => oneOf(name, "--moss-learn", mossParts) ?? []);
}

/** @throws ConfigError for another value */
export function oneOf<T extends string>(
  value: string | undefined,
  flag: string,
  values: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const known = values.find((candidate) => candidate === value);
  if (known !== undefined) return known;
  throw new ConfigError(`${flag} ${value}: unknown value`, { todo: `use ${values.join(" or ")}` });
}

/** Parses a positive integer. */
export function countArgument(value: string): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError("It must be a positive integer.");
  }
  return count;
}
