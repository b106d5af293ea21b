import { describe, expect, it } from "vitest";
import { randomNumbers } from "../../util/testRandom.js";
import { jinjaForms } from "../jinjaForms/index.js";
import { createJinjaTemplate } from "../jinjaTemplate.js";
import { resolveChatTemplate } from "../resolveChatTemplate.js";
import { textOf } from "../segmentText.js";
import { byteTokenizer, chatmlJinja } from "../testTokenizers.js";
import type { ToolCall } from "../types.js";
import { toolCallFormats } from "./formats.js";
import {
  createToolCallReader,
  forcedCall,
  readToolCalls,
  type ToolCallEvent,
  toolCallFormatOf,
} from "./index.js";

const tokenizer = byteTokenizer([], chatmlJinja);

function templateOf(source: string) {
  return createJinjaTemplate(source, "test", tokenizer, { stop: ["<|im_end|>"] });
}

const names = ["get_weather", "add"];
const tools = names.map((name) => ({
  type: "function",
  function: { name, description: `${name}!`, parameters: { type: "object", properties: {} } },
}));

/** What was read: text, calls with their arguments together, and warnings. */
function summary(events: readonly ToolCallEvent[]) {
  const calls: { name: string; arguments: string }[] = [];
  let text = "";
  const warnings: string[] = [];
  for (const event of events) {
    if (event.type === "text") text += event.text;
    else if (event.type === "warning") warnings.push(event.text);
    else if (event.type === "call") {
      expect(event.index).toBe(calls.length);
      calls.push({ name: event.name, arguments: "" });
    } else calls[event.index]!.arguments += event.text;
  }
  return { text, calls, warnings };
}

function inPieces(
  format: (typeof toolCallFormats)[number],
  text: string,
  random: (limit: number) => number,
  pieces: boolean,
) {
  const reader = createToolCallReader(format, { names, pieces });
  const events: ToolCallEvent[] = [];
  for (let at = 0; at < text.length; ) {
    const size = 1 + random(6);
    events.push(...reader.push(text.slice(at, at + size)));
    at += size;
  }
  return [...events, ...reader.finish()];
}

function formatNamed(name: string) {
  return toolCallFormats.find((format) => format.name === name)!;
}
const hermes = formatNamed("<tool_call>");

describe("the format of a template", () => {
  it.each([
    ["qwen2.5", "<tool_call>"],
    ["qwen3", "<tool_call>"],
    ["qwen3-instruct", "<tool_call>"],
    ["llama3.1", "JSON of Llama 3.1"],
    ["llama3.2", "JSON of Llama 3.1"],
    ["mistral-v3", "[TOOL_CALLS]"],
    ["mistral-v3-tekken", "[TOOL_CALLS]"],
    ["mistral-v7-tekken", "[TOOL_CALLS]"],
    // Its publisher's template writes calls, but does not tell the model of tools.
    ["deepseek-v3", undefined],
    ["glm4", "GLM-4's"],
    ["glm4-0414", "GLM-4's"],
    ["gemma3", undefined],
    ["moss", undefined],
  ])("of %s is %s", (name, expected) => {
    const form = jinjaForms[name]!;
    expect(toolCallFormatOf(templateOf(form.source))?.name).toBe(expected);
  });

  it("is read off a template that tells of tools too", () => {
    const source = `{{- tools | tojson }}${jinjaForms["deepseek-v3"]!.source}`;
    expect(toolCallFormatOf(templateOf(source))?.name).toBe("<｜tool▁calls▁begin｜>");
  });

  it("is none where a template says nothing of tools, or refuses them", () => {
    expect(toolCallFormatOf(templateOf(chatmlJinja))).toBeUndefined();
    expect(toolCallFormatOf(resolveChatTemplate("chatml", tokenizer))).toBeUndefined();
  });
});

describe("calls that a template writes", () => {
  const call = (name: string, values: object): ToolCall => ({
    id: "abcdef123",
    type: "function",
    function: { name, arguments: values as never },
  });
  const weather = { city: 'Zürich "北" }{', days: [1, { a: null }], deep: { x: "\\\n" } };
  const both = [call("get_weather", weather), call("add", {})];

  it.each([
    "qwen2.5",
    "qwen3",
    "mistral-v3",
    "mistral-v7-tekken",
    "deepseek-v3",
    "llama3.1",
    "glm4",
  ])("are read back: %s", (name) => {
    const template = templateOf(jinjaForms[name]!.source);
    const format = toolCallFormatOf(template) ?? formatNamed("<｜tool▁calls▁begin｜>");
    const question = { role: "user" as const, content: "How is it?" };
    // Llama has one call a turn, and GLM writes each as a turn of its own.
    const calls = name === "llama3.1" || name === "glm4" ? both.slice(0, 1) : both;
    const prompt = textOf(
      template.render([question], { tools, addGenerationPrompt: true, promptOnly: true }),
    );
    const whole = textOf(
      template.render([question, { role: "assistant", content: "", tool_calls: calls }], {
        tools,
        promptOnly: true,
      }),
    );
    const answer = whole
      .slice(prompt.length)
      .replace(/(<\|im_end\|>|<\|eot_id\|>|<｜end▁of▁sentence｜>)?\s*$/, "")
      .replace("<think>\n\n</think>\n\n", "");
    const random = randomNumbers(7);
    for (let run = 0; run < 20; run++) {
      for (const pieces of [false, true]) {
        const read = summary(inPieces(format, answer, random, pieces));
        expect(read.text, answer).toBe("");
        expect(read.warnings).toEqual([]);
        expect(
          read.calls.map((one) => ({ ...one, arguments: JSON.parse(one.arguments) as unknown })),
        ).toEqual(calls.map((one) => one.function));
      }
    }
  });

  it("can be forced", () => {
    for (const format of toolCallFormats) {
      const definitions = names.map((name) => ({ name, parameters: undefined }));
      for (const chosen of [definitions, definitions.slice(1)]) {
        const { prefix, choices } = forcedCall(format, chosen);
        for (const { name, before, behind } of choices) {
          const read = summary(
            readToolCalls(format, `${prefix}${before}{"a": 1}${behind}`, { names }),
          );
          expect(read).toEqual({
            text: "",
            warnings: [],
            calls: [{ name, arguments: '{"a": 1}' }],
          });
        }
      }
    }
  });
});

describe("an answer", () => {
  it.each([
    [
      "without calls",
      "Plain <b>text</b> with { and }.\n",
      { text: "Plain <b>text</b> with { and }.\n", calls: [] },
    ],
    [
      "with words before a call",
      'Let me see.\n\n<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>\n',
      { text: "Let me see.", calls: [{ name: "add", arguments: '{"a": 1}' }] },
    ],
    [
      "with a list, arguments before the name, as text, and missing ones",
      '<tool_call>[{"arguments": {"a": 1}, "name": "add"}, {"name": "add", "arguments": "{\\"b\\": 2}"}, {"name": "add"}]</tool_call>',
      {
        text: "",
        calls: ['{"a": 1}', '{"b": 2}', "{}"].map((text) => ({ name: "add", arguments: text })),
      },
    ],
    [
      "whose last mark is missing",
      '<tool_call>\n{"name": "add", "arguments": {}}',
      { text: "", calls: [{ name: "add", arguments: "{}" }] },
    ],
  ])("%s", (_, text, expected) => {
    const random = randomNumbers(9);
    for (let run = 0; run < 30; run++) {
      for (const pieces of [false, true]) {
        expect(summary(inPieces(hermes, text, random, pieces))).toEqual({
          ...expected,
          warnings: [],
        });
      }
    }
  });

  it.each([
    ["<tool_call>no JSON at all", "no JSON follows"],
    ["<tool_call>\n{'name': 'add'}\n</tool_call>", "it is not JSON"],
    ['<tool_call>{"name": "add", "arguments": {"a": 1}', "it is cut off"],
    ['<tool_call>{"arguments": {"a": 1}}</tool_call>', "it has no name"],
    ['<tool_call>{"name": "add", "arguments": [1]}</tool_call>', "its arguments are no object"],
    ["<tool_call></tool_call>", "no call stands between"],
  ])("keeps what is no call as text, and says so: %s", (text, why) => {
    const random = randomNumbers(11);
    for (let run = 0; run < 10; run++) {
      const read = summary(inPieces(hermes, text, random, false));
      expect(read.calls).toEqual([]);
      expect(read.text).toBe(text);
      expect(read.warnings).toEqual([expect.stringContaining(why)]);
    }
  });

  it("gives a stream the arguments as they are written, and says where they end too soon", () => {
    const reader = createToolCallReader(hermes, { names, pieces: true, newId: () => "id" });
    const first = reader.push('<tool_call>\n{"name": "add", "argu');
    expect(first).toEqual([]);
    expect(reader.push('ments": {"a"')).toEqual([
      { type: "call", index: 0, id: "id", name: "add" },
      { type: "arguments", index: 0, text: '{"a"' },
    ]);
    expect(reader.push(": 12")).toEqual([{ type: "arguments", index: 0, text: ": 12" }]);
    expect(reader.finish()).toEqual([
      { type: "warning", text: expect.stringContaining("cut off") },
    ]);
  });

  it("of a format without marks is text where it calls no tool", () => {
    for (const [name, text] of [
      ["JSON of Llama 3.1", '{"city": "Paris", "days": 3}'],
      ["JSON of Llama 3.1", '{"name": "Paris", "parameters": {"days": 3}}'],
      ["JSON of Llama 3.1", 'Sure: {"name": "add", "parameters": {}}'],
      ["GLM-4's", "\nadd is a tool."],
      ["GLM-4's", "address\n{}"],
    ] as const) {
      for (const pieces of [false, true]) {
        const read = summary(inPieces(formatNamed(name), text, randomNumbers(13), pieces));
        expect(read).toEqual({ text, calls: [], warnings: [] });
      }
    }
  });

  it("of Llama may open with its tag, and have several calls", () => {
    const text =
      '<|python_tag|>{"name": "add", "parameters": {"a": 1}}; {"name": "get_weather", "parameters": {}}';
    const read = summary(readToolCalls(formatNamed("JSON of Llama 3.1"), text, { names }));
    expect(read.calls.map(({ name }) => name)).toEqual(["add", "get_weather"]);
    expect(read.text).toBe("");
  });

  it("of Mistral's later tokenizers and of DeepSeek V3.1 names the tool before its arguments", () => {
    const mistral =
      '[TOOL_CALLS]add[CALL_ID]abcdefghi[ARGS]{"a": 1}[TOOL_CALLS]get_weather[ARGS]{}';
    const deepseek =
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>add<｜tool▁sep｜>{"a": 1}<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>';
    for (const [name, text] of [
      ["[TOOL_CALLS] with [ARGS]", mistral],
      ["<｜tool▁calls▁begin｜> of V3.1", deepseek],
    ] as const) {
      const read = summary(inPieces(formatNamed(name), text, randomNumbers(15), true));
      expect(read).toEqual({
        text: "",
        calls: [
          { name: "add", arguments: '{"a": 1}' },
          { name: "get_weather", arguments: "{}" },
        ],
        warnings: [],
      });
    }
  });

  it("tells of a tool that the request does not have", () => {
    const text = '<tool_call>{"name": "fly", "arguments": {}}</tool_call>';
    const read = summary(readToolCalls(hermes, text, { names }));
    expect(read.calls).toEqual([{ name: "fly", arguments: "{}" }]);
    expect(read.warnings).toEqual([expect.stringContaining('"fly"')]);
  });

  it("comes through whole, whatever it is, cut anywhere", () => {
    const random = randomNumbers(17);
    const parts = [
      "<tool_call>",
      "</tool_call>",
      "{",
      "}",
      '"name": "add"',
      '"arguments": {}',
      ",",
      ":",
      '"',
      "\\",
      "\n",
      "x ",
      "<tool",
      "]",
      "[",
    ];
    for (let run = 0; run < 2000; run++) {
      const text = Array.from({ length: random(14) }, () => parts[random(parts.length)]).join("");
      const whole = summary(readToolCalls(hermes, text, { names }));
      const cut = summary(inPieces(hermes, text, random, false));
      expect(cut, text).toEqual(whole);
      for (const call of whole.calls) JSON.parse(call.arguments);
      if (whole.calls.length === 0) expect(whole.text.trimEnd()).toBe(text.trimEnd());
    }
  });
});
