/** Messages of a conversation as OpenAI's API has them, and as chat templates take them. */
import { z } from "@hono/zod-openapi";
import type { Message } from "../../text/index.js";
import { optional, wellFormed } from "./fields.js";

const part = z.discriminatedUnion(
  "type",
  [
    z.looseObject({ type: z.literal("text"), text: wellFormed }),
    z.looseObject({ type: z.literal("refusal"), refusal: wellFormed }),
  ],
  "only parts of type text are read: this server has no pictures, sound or files",
);
const content = z.union(
  [wellFormed, z.array(part)],
  "must be a text, or a list of parts of type text",
);

const toolCall = z.looseObject({
  id: z.string().max(256),
  type: z.literal("function").default("function"),
  function: z.looseObject({ name: z.string().min(1).max(256), arguments: wellFormed }),
});

const name = optional(z.string().max(256));

const message = z
  .discriminatedUnion(
    "role",
    [
      z.looseObject({ role: z.enum(["system", "developer"]), content, name }),
      z.looseObject({ role: z.literal("user"), content, name }),
      z.looseObject({
        role: z.literal("assistant"),
        content: optional(content),
        reasoning_content: optional(wellFormed),
        tool_calls: optional(z.array(toolCall)),
        name,
      }),
      z.looseObject({
        role: z.literal("tool"),
        content,
        tool_call_id: optional(z.string().max(256)),
        name,
      }),
    ],
    "must be system, developer, user, assistant or tool",
  )
  .openapi("ChatMessage");

/** The messages of a request. */
export const messagesSchema = z.array(message).min(1, "needs at least one message").max(10_000);

type GivenMessage = z.output<typeof message>;

/** Messages as templates take them; `developer` is what OpenAI calls the system message of newer models. */
export function templateMessages(given: readonly GivenMessage[]): Message[] {
  return given.map((one) => {
    const role = one.role === "developer" ? "system" : one.role;
    const plain: Message = { role, content: textOf(one.content) };
    if (one.name !== undefined) plain.name = one.name;
    if (one.role === "tool" && one.tool_call_id !== undefined)
      plain.tool_call_id = one.tool_call_id;
    if (one.role === "assistant") {
      if (one.reasoning_content !== undefined) plain.reasoning_content = one.reasoning_content;
      if (one.tool_calls !== undefined && one.tool_calls.length > 0) {
        plain.tool_calls = one.tool_calls.map(({ id, type, function: called }) => ({
          id,
          type,
          function: { name: called.name, arguments: called.arguments },
        }));
      }
    }
    return plain;
  });
}

function textOf(given: GivenMessage["content"]): string {
  if (given === undefined) return "";
  if (typeof given === "string") return given;
  return given.map((one) => (one.type === "text" ? one.text : one.refusal)).join("");
}
