/** What a cleaning operator is, and two helpers that make one from a function of text. */
import { z } from "zod";
import type { Message } from "../../text/index.js";
import type { JsonValue } from "../../util/json/index.js";

/** A row of the canonical format, as operators see it. */
export interface CanonicalRow {
  id?: JsonValue;
  messages: Message[];
  tools?: JsonValue[];
  /** A plain text is one message of the assistant; a conversation has no kind. */
  kind?: "text";
  /** Keys of the row that the format does not use; they are written back as they are. */
  rest: Readonly<Record<string, unknown>>;
}

/** Why a row is left out. */
export interface Rejection {
  /** With the figure and the limit where there is one: `special characters 0.41 > 0.30`. */
  reason: string;
}

/** The same object: unchanged. Another object: changed. A rejection: left out. */
export type OperatorResult = CanonicalRow | Rejection;

/** One step of a cleaning pipeline. It never changes the row that it is given. */
export interface CleanOperator<Options = unknown> {
  /** In snake_case, as users write it in YAML: `remove_invisible_characters`. */
  readonly name: string;
  /** A `change` makes rows better, a `filter` leaves them out. */
  readonly kind: "change" | "filter";
  /** One line, for `data clean --list` and the docs. */
  readonly summary: string;
  /** A strict object; every option has a default and a description. */
  readonly options: z.ZodType<Options>;
  /**
   * Called once in each thread.
   * @throws ConfigError for options that make no sense together, or a file that cannot be read
   */
  prepare(options: Options): (row: CanonicalRow) => OperatorResult | Promise<OperatorResult>;
}

/** Whether an operator leaves the row out. */
export function isRejection(result: OperatorResult): result is Rejection {
  return "reason" in result && !("messages" in result);
}

const roleNames = ["system", "user", "assistant", "tool"] as const;

/** The option `roles`: whose messages an operator works on. */
export type Roles = (typeof roleNames)[number][];

/**
 * The option `roles` with a default, for operators that cannot use {@link textChange} or
 * {@link textFilter}.
 */
export function rolesOption(byDefault: Readonly<Roles>): z.ZodDefault<z.ZodType<Roles>> {
  return z
    .array(z.enum(roleNames))
    .min(1)
    .default([...byDefault])
    .describe("whose messages it applies to");
}

/** What {@link textChange} and {@link textFilter} are made from. */
export interface TextOperatorDefinition<Shape extends z.ZodRawShape, Result> {
  name: string;
  summary: string;
  /** A strict object of the operator's own options; `roles` is added. */
  options: z.ZodObject<Shape, z.core.$strict>;
  prepare(options: z.output<z.ZodObject<Shape, z.core.$strict>>): (text: string) => Result;
}

/**
 * An operator that changes the text of each message.
 * @param definition its `prepare` gives a function from the old text to the new one; the roles are
 * all by default
 */
export function textChange<Shape extends z.ZodRawShape>(
  definition: TextOperatorDefinition<Shape, string>,
): CleanOperator {
  const options = definition.options.extend({ roles: rolesOption(roleNames) });
  return {
    name: definition.name,
    kind: "change",
    summary: definition.summary,
    options,
    prepare(given) {
      const { roles, own } = splitRoles(definition.options, given);
      const change = definition.prepare(own);
      return (row) => changeText(row, roles, change);
    },
  };
}

/**
 * An operator that looks at the text of a conversation, its messages joined by line breaks.
 * @param definition its `prepare` gives a function from the text to the reason for leaving the row
 * out, or null; the roles are assistant and user by default
 */
export function textFilter<Shape extends z.ZodRawShape>(
  definition: TextOperatorDefinition<Shape, string | null>,
): CleanOperator {
  const options = definition.options.extend({ roles: rolesOption(["user", "assistant"]) });
  return {
    name: definition.name,
    kind: "filter",
    summary: definition.summary,
    options,
    prepare(given) {
      const { roles, own } = splitRoles(definition.options, given);
      const judge = definition.prepare(own);
      return (row) => {
        const reason = judge(conversationText(row, roles));
        return reason === null ? row : { reason };
      };
    },
  };
}

/** What a message says: its reasoning, where it has any, and its content. */
export function textsOf({ content, reasoning_content: reasoning }: Message): string[] {
  return typeof reasoning === "string" && reasoning !== "" ? [reasoning, content] : [content];
}

/** What the messages of some roles say, joined by line breaks. */
export function conversationText({ messages }: CanonicalRow, roles: Readonly<Roles>): string {
  const chosen = messages.filter(({ role }) => roles.includes(role));
  return chosen.flatMap(textsOf).join("\n");
}

/**
 * The row with what the messages of some roles say changed, reasoning and content; the same object
 * if nothing was.
 */
export function changeText(
  row: CanonicalRow,
  roles: Readonly<Roles>,
  change: (text: string) => string,
): CanonicalRow {
  let changed = false;
  const messages = row.messages.map((message) => {
    if (!roles.includes(message.role)) return message;
    const next = changeMessage(message, change);
    changed ||= next !== message;
    return next;
  });
  return changed ? { ...row, messages } : row;
}

/** The message with its reasoning and its content changed; the same object if neither was. */
export function changeMessage(message: Message, change: (text: string) => string): Message {
  const { content, reasoning_content: reasoning } = message;
  const parts: Partial<Message> = {};
  const nextContent = change(content);
  if (nextContent !== content) parts.content = nextContent;
  if (typeof reasoning === "string") {
    const nextReasoning = change(reasoning);
    if (nextReasoning !== reasoning) parts.reasoning_content = nextReasoning;
  }
  return Object.keys(parts).length === 0 ? message : { ...message, ...parts };
}

function splitRoles<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  given: unknown,
): { roles: Roles; own: z.output<z.ZodObject<Shape, z.core.$strict>> } {
  const { roles, ...own } = given as { roles: Roles };
  return { roles, own: schema.parse(own) };
}
