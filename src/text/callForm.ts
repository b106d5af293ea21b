/** Calls in the form in which a template takes them. */
import { stringifyJson } from "../util/json/index.js";
import type { JinjaRenderer } from "./jinja/index.js";
import type { Message } from "./types.js";

/** Changes a message that makes calls. */
type CallForm = (message: Message) => Message;

/**
 * Most templates take a call's arguments as an object, beside a text that may be empty. DeepSeek's
 * take them as JSON text only, which OpenAI's API gives, and look for calls only where the content is
 * null. The first form in which a template shows a made-up call is its own.
 */
export function withCallForm(renderer: JinjaRenderer): JinjaRenderer {
  let form: CallForm | undefined;
  const formed = (messages: readonly Message[]): readonly Message[] => {
    const calls = ({ tool_calls: list }: Message) => list !== undefined && list.length > 0;
    if (!messages.some(calls)) return messages;
    form ??= forms.find((one) => showsCall(renderer, one)) ?? unchanged;
    if (form === unchanged) return messages;
    return messages.map((message) => (calls(message) ? form!(message) : message));
  };
  return {
    ...renderer,
    render: (messages, options) => renderer.render(formed(messages), options),
    renderMarked: (messages, options) => renderer.renderMarked(formed(messages), options),
  };
}

const unchanged: CallForm = (message) => message;

const nullContent: CallForm = (message) =>
  message.content === "" ? ({ ...message, content: null } as unknown as Message) : message;

/** As Python's `json.dumps` writes them, with `ensure_ascii=False`. */
const textArguments: CallForm = (message) => ({
  ...message,
  tool_calls: message.tool_calls!.map((call) => {
    const { arguments: given } = call.function;
    const text =
      typeof given === "string" ? given : stringifyJson(given, { separators: [", ", ": "] });
    return { ...call, function: { ...call.function, arguments: text } };
  }),
});

const forms: readonly CallForm[] = [
  unchanged,
  nullContent,
  textArguments,
  (message) => nullContent(textArguments(message)),
];

const [name, value] = ["tunewright_probe", "tunewright value"];

function showsCall(renderer: JinjaRenderer, form: CallForm): boolean {
  const call = { id: "call00000", type: "function", function: { name, arguments: { key: value } } };
  const messages: Message[] = [
    { role: "user", content: "question" },
    form({ role: "assistant", content: "", tool_calls: [call] }),
    { role: "tool", name, tool_call_id: call.id, content: "result" },
    { role: "assistant", content: "answer" },
  ];
  try {
    const text = renderer.render(messages, { addGenerationPrompt: false });
    return text.includes(name) && text.includes(value);
  } catch {
    return false;
  }
}
