/** Turns with their reasoning, for templates that write the last turn otherwise than others. */
import { expect, test } from "vitest";
import { withReasoningShown } from "./asGenerated.js";
import { createJinjaTemplate } from "./jinjaTemplate.js";
import { readThought, withoutReasoning } from "./reasoning.js";
import { byteTokenizer } from "./testTokenizers.js";
import type { Message, Segment } from "./types.js";

const tokenizer = byteTokenizer();
const talk: Message[] = [
  { role: "user", content: "One?" },
  { role: "assistant", content: "1", reasoning_content: "It starts at one." },
  { role: "user", content: "Two?" },
  { role: "assistant", content: "2", reasoning_content: "Then two." },
];

/** @param shown when a turn's reasoning is written */
function template(turn: (shown: string) => string, shown: string, prompt: string) {
  const jinja =
    "{% for m in messages %}{% if m.role == 'user' %}<U>{{ m.content }}{% else %}" +
    `${turn(shown)}{% endif %}{% endfor %}{% if add_generation_prompt %}${prompt}{% endif %}`;
  return createJinjaTemplate(jinja, "tested", tokenizer);
}

const textOf = (segments: Segment[]) =>
  segments.map((segment) => ("text" in segment ? segment.text : "")).join("");
const learnt = (segments: Segment[]) =>
  segments.flatMap((segment) => (segment.train && "text" in segment ? [segment.text] : []));

test.each([
  [
    "ends the last turn otherwise, as gpt-oss does",
    (shown: string) =>
      `<A>{% if ${shown} %}{{ m.reasoning_content }}<R>{% endif %}{{ m.content }}` +
      "{% if loop.last %}<|im_end|>{% else %}<E>{% endif %}",
    "<A>",
    ["It starts at one.<R>1", "Then two.<R>2<|im_end|>"],
  ],
  [
    "has empty tags elsewhere, and a prompt that opens them, as Nemotron does",
    (shown: string) =>
      `<A>{% if ${shown} %}<think>\\n{{ m.reasoning_content }}</think>{% else %}<think></think>{% endif %}` +
      "{{ m.content }}<|im_end|>",
    "<A><think>\\n",
    ["It starts at one.</think>1<|im_end|>", "Then two.</think>2<|im_end|>"],
  ],
])("a template that %s", (_name, turn, prompt, expected) => {
  const kept = withReasoningShown(template(turn, "loop.last", prompt), "every").render(talk);
  expect(textOf(kept)).toBe(textOf(template(turn, "true", prompt).render(talk)));
  expect(learnt(kept)).toEqual(expected);
});

test("a template that shows all reasoning by itself is left alone", () => {
  const all = template(
    (shown) => `<A>{% if ${shown} %}{{ m.thinking }}{% endif %}{{ m.content }}<|im_end|>`,
    "true",
    "<A>",
  );
  expect(withReasoningShown(all, "every").render(talk)).toEqual(all.render(talk));
});

test("reasoning is learnt where the prompt holds empty reasoning in its place", () => {
  const turn = () => "<A><think>\\n{{ m.thinking }}</think>{{ m.content }}<|im_end|>";
  const segments = template(turn, "", "<A><think>\\n</think>").render(talk);
  expect(learnt(segments)).toEqual([
    "It starts at one.</think>1<|im_end|>",
    "Then two.</think>2<|im_end|>",
  ]);
});

test("a call is learnt from its own beginning where the prompt opens reasoning instead", () => {
  const jinja =
    "{% for m in messages %}<A>{% if loop.last and m.role == 'assistant' %}<think>\n</think>{% endif %}{{ m.content }}" +
    "{% for c in m.tool_calls or [] %}{% if m.content %}\n{% endif %}<tool_call>{{ c.function.name }}{% endfor %}<|im_end|>" +
    "{% endfor %}{% if add_generation_prompt %}<A><think>\n{% endif %}";
  const call = { function: { name: "add", arguments: {} } };
  const messages: Message[] = [
    { role: "user", content: "Add!" },
    { role: "assistant", content: "", tool_calls: [call] },
    { role: "tool", content: "3" },
    { role: "assistant", content: "It is 3." },
  ];
  const segments = createJinjaTemplate(jinja, "tested", tokenizer).render(messages);
  expect(learnt(segments)).toEqual(["<tool_call>add<|im_end|>", "</think>It is 3.<|im_end|>"]);
});

test.each([
  ["<think>\nwhy\n</think>\n\nso", ["<think>\n", "why", "\n</think>\n\n", "so"]],
  ["<think></think>so", ["<think>", "", "</think>", "so"]],
  ["[THINK]why[/THINK]so", ["[THINK]", "why", "[/THINK]", "so"]],
  ["why\n</think>\nso", ["", "why", "\n</think>\n", "so"]],
  ["write </think> to end it", undefined],
  ["<think> opens it", undefined],
  ["so", undefined],
])("the parts of %j", (content, parts) => {
  const thought = readThought(content);
  expect(thought && [thought.opening, thought.reasoning, thought.closing, thought.answer]).toEqual(
    parts,
  );
  const bare = withoutReasoning({ role: "assistant", content, thinking: "t", reasoning: "r" });
  expect(bare).toEqual({ role: "assistant", content: parts?.[3] ?? content });
});
