/** What templates may leave out, part by part: each loss is refused, and no rewriting is. */
import { describe, expect, test } from "vitest";
import {
  type Conversation,
  createJinjaTemplate,
  type Message,
  renderConversation,
} from "../../text/index.js";
import { byteTokenizer } from "../../text/testTokenizers.js";
import { checkWords } from "./index.js";

const tokenizer = byteTokenizer();
const source = { file: "rows.jsonl", line: 7 };

/** A template that writes `body` for every message. */
function each(body: string, before = "") {
  const jinja = `${before}{% for m in messages %}${body}<|im_end|>{% endfor %}`;
  return createJinjaTemplate(jinja, "tested", tokenizer);
}

function check(
  template: ReturnType<typeof each>,
  messages: Message[],
  more: Omit<Conversation, "messages"> = {},
) {
  const conversation = { messages, source, ...more };
  const segments = renderConversation(conversation, template, { promptOnly: true });
  const { leftOut, error } = checkWords(conversation, segments, template, undefined);
  if (error) throw error;
  return leftOut;
}

const question: Message = { role: "user", content: "What is it?" };
const answer: Message = { role: "assistant", content: "It is a test." };
const rule: Message = { role: "system", content: "Answer in one line." };
const call: Message = {
  role: "assistant",
  content: "",
  tool_calls: [{ function: { name: "add", arguments: { first: 20, unit: "metres", deep: [7] } } }],
};
const result: Message = { role: "tool", name: "add", content: "27" };
const tools = [
  {
    type: "function",
    function: {
      name: "add",
      description: "Adds two numbers.",
      parameters: { type: "object", properties: { first: { description: "the first one" } } },
    },
  },
];
const words = "{{ m.content }}";
const called =
  "{% for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}";

describe("what a template leaves out is refused by its name", () => {
  const losses: [string, string, Message[], Omit<Conversation, "messages">?, string?][] = [
    [
      "the system message",
      "{% if m.role != 'system' %}{{ m.content }}{% endif %}",
      [rule, question, answer],
    ],
    [
      "the text of message 1",
      "{% if m.role == 'assistant' %}{{ m.content }}{% endif %}",
      [question, answer],
    ],
    [
      "the text of message 3",
      "{% if loop.index < 3 or loop.index > 4 %}{{ m.content }}{% endif %}",
      [question, answer, question, answer],
    ],
    [
      "the text of message 2",
      "{{ m.content if m.role == 'user' else m.content[:9] }}",
      [question, { ...answer, content: "It is a test of length." }],
    ],
    ["the name of message 1", words, [{ ...question, name: "Anna" }, answer]],
    [
      "the reasoning of message 2",
      words,
      [question, { ...answer, reasoning_content: "They ask what." }],
    ],
    [
      "the reasoning of message 2",
      "{{ m.content.split('</think>')[-1] }}",
      [question, { ...answer, content: "<think>\nThey ask.\n</think>\n\nA test." }],
    ],
    ['"rationale" of message 2', words, [question, { ...answer, rationale: "because they asked" }]],
    ["the call of add", words, [question, call, result, answer]],
    [
      "the call of add",
      `${words}{% for c in m.tool_calls or [] %}{{ c.function.name }}{% endfor %}`,
      [question, call, result, answer],
    ],
    [
      "the call of add",
      `${words}{% for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments.first }}{% endfor %}`,
      [question, call, result, answer],
    ],
    [
      "tool messages",
      `{% if m.role != 'tool' %}{{ m.content }}${called}{% endif %}`,
      [question, call, result, answer],
    ],
    ["the tool definitions", words, [question, answer], { tools }],
    [
      "the tool definitions",
      words,
      [question, answer],
      { tools },
      "{% for t in tools or [] %}{{ t.function.name }}{% endfor %}",
    ],
  ];
  test.each(losses)("%s", (what, body, messages, more = {}, before = "") => {
    expect(() => check(each(body, before), messages, more)).toThrow(
      expect.objectContaining({
        name: "DataError",
        message: expect.stringMatching(
          new RegExp(`^rows\\.jsonl:7: chat template tested leaves out ${what}`),
        ),
        todo: expect.stringMatching(/./),
      }),
    );
  });
});

describe("what a template writes otherwise is no loss", () => {
  const kept: [string, string, Message[], Omit<Conversation, "messages">?, string?][] = [
    ["trimmed", "{{ m.content | trim }}", [rule, { ...question, content: "  padded \n" }, answer]],
    [
      "escaped",
      "{{ m.content | tojson }}",
      [rule, { ...question, content: 'a "quoted"\nline' }, answer],
    ],
    ["upper case", "{{ m.content | upper }}", [question, answer]],
    [
      "moved to the end",
      "{% if m.role != 'system' %}{{ m.content }}{% endif %}{% if loop.last %}{{ messages[0].content }}{% endif %}",
      [rule, question, answer],
    ],
    ["said twice", `${words}${words}`, [rule, question, answer]],
    ["calls and results", words + called, [question, call, result, answer]],
    [
      "arguments one by one",
      `${words}{% for c in m.tool_calls or [] %}{{ c.function.name }}{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }}{% endfor %}{% endfor %}`,
      [question, call, result, answer],
    ],
    [
      "reasoning by another name",
      "{{ m.thinking }}{{ m.content }}",
      [question, { ...answer, reasoning_content: "They ask what.", thinking: "They ask what." }],
    ],
    [
      "tags that nothing cuts",
      words,
      [question, { ...answer, content: "<think>\nThey ask.\n</think>\n\nA test." }],
    ],
    ["definitions", words, [question, answer], { tools }, "{{ tools | tojson }}"],
  ];
  test.each(kept)("%s", (_what, body, messages, more = {}, before = "") => {
    const nothing = { reasoning: 0, keys: [] };
    expect(check(each(body, before), messages, more)).toEqual(nothing);
  });
});

test("what depends on the words is found in rows of a shape that is known", () => {
  const template = each("{{ m.content.split('STOP')[0] }}");
  check(template, [question, answer]);
  const cut = { ...answer, content: "It is STOP a test." };
  expect(() => check(template, [question, cut])).toThrow("leaves out the text of message 2");
  check(template, [answer, question]);
});

test("a row of a known shape that is written otherwise is looked at by itself", () => {
  const template = each("{{ m.content.replace('test', 'trial') }}");
  check(template, [question, { ...answer, content: "Yes." }]);
  expect(check(template, [question, answer])).toEqual({ reasoning: 0, keys: [] });
});

test("where a template rejects marked words, the words themselves are looked for", () => {
  const strict =
    "{% if m.content not in ['Yes.', 'No.'] %}{{ raise_exception('say yes or no') }}{% endif %}";
  const messages: Message[] = [
    { role: "user", content: "Yes." },
    { role: "assistant", content: "No." },
  ];
  expect(check(each(`${strict}{{ m.content }}`), messages)).toEqual({ reasoning: 0, keys: [] });
  const half = each(`${strict}{% if loop.first %}{{ m.content }}{% endif %}`);
  expect(() => check(half, messages)).toThrow("leaves out the text of message 2");
});

test("keys that are no words are no reason to refuse, but are named where nothing reads them", () => {
  const labelled = { ...answer, id: "msg_1", score: 0.5, weight_class: "heavy", extra: null };
  expect([...check(each(words), [question, labelled]).keys].sort()).toEqual([
    "messages[].id",
    "messages[].score",
    "messages[].weight_class",
  ]);
  expect(
    check(each("{{ m.content }}{{ m.score }}{{ m.id }}{{ m.weight_class }}"), [question, labelled])
      .keys,
  ).toEqual([]);
});

test("turns of several parts are looked at as the template sees them", () => {
  const parts: Message[] = [
    question,
    answer,
    { role: "assistant", content: " And more.", continues: true },
  ];
  expect(check(each(words), parts)).toEqual({ reasoning: 0, keys: [] });
  const hidden = { ...parts[2]!, reasoning_content: "There is more to say." };
  expect(() =>
    check(each("{{ m.reasoning_content }}{{ m.content }}"), [...parts.slice(0, 2), hidden]),
  ).toThrow("leaves out the reasoning of message 3");
});

test("words that are left out are shown from their first character", () => {
  for (const name of ["Anna", "A", "😀nna", "李", "<b>Anna</b>"]) {
    const lost = () => check(each(words), [{ ...question, name }, answer]);
    expect(lost).toThrow(
      expect.objectContaining({ why: expect.stringContaining(JSON.stringify(name)) }),
    );
  }
});
