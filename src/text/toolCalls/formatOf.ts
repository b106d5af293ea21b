/** The format of a template's calls, which the template itself tells. */
import { textOf } from "../segmentText.js";
import type { ChatTemplate, Message } from "../types.js";
import { type ToolCallFormat, toolCallFormats } from "./formats.js";

const known = new WeakMap<ChatTemplate, { format: ToolCallFormat | undefined }>();

/**
 * How a template writes calls of tools: looked up in what it renders of a made-up one. Undefined where it does
 * not tell the model of tools, or writes calls in no known format; then no calls can be read from answers.
 */
export function toolCallFormatOf(template: ChatTemplate): ToolCallFormat | undefined {
  const found = known.get(template) ?? { format: probe(template) };
  known.set(template, found);
  return found.format;
}

const [tool, call] = ["tunewright_tool", "tunewright_call"];

const tools = [
  {
    type: "function",
    function: {
      name: tool,
      description: "A tool.",
      parameters: {
        type: "object",
        properties: { key: { type: "string", description: "A key." } },
        required: ["key"],
      },
    },
  },
];

const messages: Message[] = [
  { role: "user", content: "question" },
  {
    role: "assistant",
    content: "",
    tool_calls: [
      { id: "call00000", type: "function", function: { name: call, arguments: { key: "value" } } },
    ],
  },
  { role: "tool", name: call, tool_call_id: "call00000", content: "result" },
];

function probe(template: ChatTemplate): ToolCallFormat | undefined {
  let text: string;
  try {
    text = textOf(template.render(messages, { tools, promptOnly: true }));
  } catch {
    return undefined;
  }
  if (!text.includes(tool)) return undefined;
  return toolCallFormats.find((format) => format.shape(call).test(text));
}
