import { describe, expect, test } from "vitest";
import { parseJson, stringifyJson } from "../../util/json/index.js";
import { assistant, user } from "../testFiles.js";
import type { Row } from "./fields.js";
import { formatNamed } from "./formats.js";

const read = (format: string, row: object) => formatNamed(format).read(row as Row, {});

/** What a turn with a call says, of the same call in each format. */
function turnOf(format: string, call: unknown) {
  const result = { role: "tool", content: "r" };
  const rows: Record<string, object> = {
    messages: { messages: [user("q"), { role: "assistant", tool_calls: call }, result] },
    sharegpt: {
      conversations: [
        { from: "human", value: "q" },
        { from: "function_call", value: typeof call === "string" ? call : stringifyJson(call) },
        { from: "observation", value: "r" },
      ],
    },
    swift: {
      messages: [user("q"), { role: "tool_call", content: stringifyJson(call) }, result],
    },
    prompt_completion: {
      prompt: [user("q")],
      completion: [{ role: "assistant", content: "", tool_calls: call }, result],
    },
    preference: {
      prompt: "q",
      chosen: [{ role: "assistant", content: null, tool_calls: call }, result],
      rejected: "b",
    },
  };
  const { messages, chosen } = read(format === "swift" ? "messages" : format, rows[format]!);
  return (chosen?.[0] ?? messages[1])!;
}

const formats = ["messages", "sharegpt", "swift", "prompt_completion", "preference"];

const given =
  '{"amount":20.0,"rate":1e-07,"account":12345678901234567890,"by":{"10":"ten","9":"nine"}}';
const spelled = [
  `{"name":"pay","arguments":${given}}`,
  `{"name":"pay","parameters":${given}}`,
  `{"name":"pay","args":${given}}`,
  `{"name":"pay","input":${given}}`,
  `{"function":"pay","arguments":${given}}`,
  `{"name":"pay","arguments":${JSON.stringify(given)}}`,
  `{"name":"pay","arguments":${JSON.stringify(JSON.stringify(given))}}`,
  `{"name":"pay","arguments":${given},"parameters":${JSON.stringify(given)}}`,
  `{"type":"function","function":{"name":"pay","parameters":${given}}}`,
  `{"function":${JSON.stringify(`{"name":"pay","arguments":${given}}`)}}`,
  JSON.stringify(`{"name":"pay","arguments":${given}}`),
  `{"index":0,"type":"function","id":"","function":{"name":"pay","arguments":${JSON.stringify(given)}},"extra":null}`,
];

describe.each(formats)("calls in %s", (format) => {
  test.each(spelled)("%s", (call) => {
    for (const value of [parseJson(call), [parseJson(call)]]) {
      const { tool_calls: calls, content } = turnOf(format, value);
      expect(content).toBe("");
      expect(stringifyJson(calls)).toBe(
        `[{"type":"function","function":{"name":"pay","arguments":${given}}}]`,
      );
    }
  });

  test("several at once keep their order and ids, and none has no arguments", () => {
    const calls = [{ id: "a", name: "f", arguments: "{}" }, { name: "g" }, { name: "h", args: "" }];
    expect(turnOf(format, calls).tool_calls).toEqual([
      { id: "a", type: "function", function: { name: "f", arguments: {} } },
      { type: "function", function: { name: "g", arguments: {} } },
      { type: "function", function: { name: "h", arguments: {} } },
    ]);
  });

  test.each([
    [{ name: "f", kwargs: { a: 1 } }, ".kwargs has no meaning here"],
    [{ name: "f", arguments: { a: 1 }, parameters: {} }, "has both arguments and parameters"],
    [{ function: { name: "f", strict: true } }, ".function.strict has no meaning here"],
    [{ function: { name: "f" }, arguments: { a: 1 } }, ".arguments has no meaning here"],
    [{ type: "custom", name: "f", input: {} }, '.type is "custom"'],
    [{ index: 3, name: "f" }, ".index is number 3"],
    [{ name: "f", arguments: "Lund" }, ".arguments is not valid JSON"],
    [{ name: "f", arguments: 3 }, ".arguments is number 3, not an object"],
    [{ arguments: {} }, ".name is missing"],
    [{ id: 3, name: "f" }, ".id is number 3, not a string"],
    [[["f"]], "is a list, not a function call"],
  ])("%j is refused by its name", (call, message) => {
    expect(() => turnOf(format, call)).toThrow(message);
  });
});

describe("keys of calls", () => {
  test("keep the order that they have in the file", () => {
    const call = '{"function":{"arguments":{"b":1,"a":2},"name":"f"},"id":"x","type":"function"}';
    expect(stringifyJson(turnOf("messages", [parseJson(call)]).tool_calls)).toBe(`[${call}]`);
  });

  test("are refused with their whole path", () => {
    const row = {
      messages: [
        user("q"),
        { role: "assistant", tool_calls: [{ function: { name: "f", foo: 1 } }] },
      ],
    };
    expect(() => read("messages", row)).toThrow(
      "messages[1].tool_calls[0].function.foo has no meaning here",
    );
  });
});

describe("words and calls of one turn", () => {
  const entries = [
    { from: "human", value: "q" },
    { from: "gpt", value: "Let me see." },
    { from: "function_call", value: '{"name":"f","arguments":{"a":1}}' },
  ];
  const turn = { role: "assistant", content: "Let me see." };

  test("are one message", () => {
    const { messages } = read("sharegpt", { conversations: entries });
    expect(messages).toEqual([
      user("q"),
      { ...turn, tool_calls: [{ type: "function", function: { name: "f", arguments: { a: 1 } } }] },
    ]);
  });

  test("and calls one after another are parallel ones", () => {
    const another = { from: "function_call", value: '{"name":"g"}' };
    const [, message] = read("sharegpt", { conversations: [...entries, another] }).messages;
    expect(message!.tool_calls!.map((call) => call.function.name)).toEqual(["f", "g"]);
  });

  test("of which one is learnt and the other is not are refused", () => {
    const [human, gpt, called] = entries;
    const row = { conversations: [human, { ...gpt, train: false }, called] };
    expect(() => read("sharegpt", row)).toThrow("conversations[2] and the entry before it");
  });
});

describe("content in parts", () => {
  test("of Anthropic: thinking, text, calls, and their results as messages of their own", () => {
    const row = {
      messages: [
        user("q"),
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "hm" },
            { type: "text", text: "Let me see." },
            { type: "tool_use", id: "t1", name: "f", input: { a: 1 } },
            { type: "tool_use", id: "t2", name: "g", input: {} },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "t1", content: "1", is_error: false },
            { type: "tool_result", tool_use_id: "t2", content: [{ type: "text", text: "2" }] },
          ],
        },
        assistant("a"),
      ],
    };
    const call = (id: string, name: string, given: object) => {
      return { id, type: "function", function: { name, arguments: given } };
    };
    expect(read("messages", row).messages).toEqual([
      user("q"),
      {
        ...assistant("Let me see."),
        reasoning_content: "hm",
        tool_calls: [call("t1", "f", { a: 1 }), call("t2", "g", {})],
      },
      { role: "tool", content: "1", tool_call_id: "t1" },
      { role: "tool", content: "2", tool_call_id: "t2" },
      assistant("a"),
    ]);
  });

  test("of LLaMA-Factory's v1, with loss weights", () => {
    const text = (value: string) => [{ type: "text", value }];
    const row = {
      messages: [
        { role: "system", content: text("s"), loss_weight: 0.0 },
        { role: "user", content: text("q"), loss_weight: 0.0 },
        {
          role: "assistant",
          content: [
            { type: "reasoning", value: "hm" },
            { type: "tool_call", value: '{"name":"f","arguments":{"x":1.0}}' },
            { type: "tool_calls", value: '[{"name":"g","arguments":{}}]' },
          ],
          loss_weight: 1.0,
        },
        { role: "tool", content: text("r"), loss_weight: 0.0 },
        { role: "assistant", content: text("a"), loss_weight: 0.0 },
      ],
      tools: '[{"name":"f"}]',
    };
    const { messages, tools } = read("messages", parseJson(stringifyJson(row)) as object);
    expect(tools).toEqual([{ name: "f" }]);
    expect(stringifyJson(messages)).toBe(
      '[{"role":"system","content":"s"},{"role":"user","content":"q"},' +
        '{"role":"assistant","content":"","reasoning_content":"hm","tool_calls":[' +
        '{"type":"function","function":{"name":"f","arguments":{"x":1.0}}},' +
        '{"type":"function","function":{"name":"g","arguments":{}}}]},' +
        '{"role":"tool","content":"r"},{"role":"assistant","content":"a","train":false}]',
    );
  });

  test.each([
    [[{ type: "image_url" }], 'content[0] is of type "image_url"'],
    [
      [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }],
      "content[0].cache_control",
    ],
    [[{ type: "text", text: "a", citations: [{}] }], "content[0].citations"],
    [[{ type: "thinking", thinking: "t", signature: "x" }], "content[0].signature"],
    [[{ type: "tool_use", name: "f", caller: "x" }], "content[0].caller has no meaning here"],
    [
      [
        { type: "tool_use", name: "f" },
        { type: "text", text: "a" },
      ],
      'content[1] is of type "text"',
    ],
  ])("%j is refused by its name", (content, message) => {
    const row = { messages: [user("q"), { role: "assistant", content }] };
    expect(() => read("messages", row)).toThrow(message);
  });

  test("keys that say nothing go", () => {
    const content = [{ type: "text", text: "a", annotations: [], citations: null }];
    const message = { role: "assistant", content, refusal: null, annotations: [], audio: null };
    expect(read("messages", { messages: [user("q"), message] }).messages[1]).toEqual(
      assistant("a"),
    );
  });
});

describe("entries", () => {
  test.each([
    [{ role: "assistant", content: "a", refusal: "No." }, "messages[1].refusal has no meaning"],
    [{ role: "assistant", content: "a", audio: { id: "x" } }, "messages[1].audio has no meaning"],
    [{ role: "system", content: "a", tools: [{}] }, "messages[1].tools has no meaning"],
    [{ role: "user", content: "a", tool_calls: [{ name: "f" }] }, "and role user"],
    [{ role: "user", from: "gpt", value: "a" }, "messages[1] has both from and role"],
    [{ role: "user", content: "a", value: "b" }, "messages[1] has both content and value"],
    [
      { role: "assistant", tool_calls: [{ name: "f" }], function_call: { name: "g" } },
      "messages[1] has both tool_calls and function_call",
    ],
    [{ role: "assistant", content: "a", loss_weight: 0.5 }, "loss_weight is number 0.5"],
    [
      { role: "assistant", content: "a", weight: 1, training: false },
      'messages[1] has "training": false and "weight": 1',
    ],
    [{ from: "function_call", value: "" }, "messages[1].value has no function call"],
    [
      { role: "tool_call", content: '{"name":"f"}', tool_calls: [{ name: "g" }] },
      "messages[1].tool_calls has no meaning",
    ],
  ])("%j is refused", (message, reason) => {
    expect(() => read("messages", { messages: [user("q"), message] })).toThrow(reason);
  });

  test("roles of calls and results may have hyphens, and Llama's name", () => {
    const conversations = [
      { from: "prompter", value: "q" },
      { from: "function-call", value: '{"name":"add","arguments":{"a":1}}' },
      { from: "function-response", value: "1" },
      { from: "ai", value: "a" },
    ];
    const { messages } = read("sharegpt", { conversations });
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(messages[1]!.tool_calls).toHaveLength(1);
    const ipython = [user("q"), messages[1], { role: "ipython", content: "1" }, assistant("a")];
    expect(read("messages", { messages: ipython }).messages).toEqual([
      user("q"),
      messages[1],
      { role: "tool", content: "1" },
      assistant("a"),
    ]);
  });

  test("roles may be in capitals or padded", () => {
    const messages = [
      { role: "User", content: "q" },
      { role: " ASSISTANT ", content: "a" },
      { from: "Human", value: "r" },
      { from: "GPT", value: "b" },
    ];
    expect(read("messages", { messages }).messages).toEqual([
      user("q"),
      assistant("a"),
      user("r"),
      assistant("b"),
    ]);
  });

  test("function_call may be a text, and stand beside the same tool_calls", () => {
    const call = { name: "f", arguments: '{"a": 1}' };
    const message = { role: "assistant", content: null, function_call: JSON.stringify(call) };
    const both = { ...message, tool_calls: [{ id: "x", type: "function", function: call }] };
    const [, one, other] = read("messages", { messages: [user("q"), message, both] }).messages;
    expect(one!.tool_calls![0]!.function).toEqual({ name: "f", arguments: { a: 1 } });
    expect(other!.tool_calls).toEqual([
      { id: "x", type: "function", function: { name: "f", arguments: { a: 1 } } },
    ]);
  });
});

describe("definitions of tools", () => {
  const wrapped =
    '{"type":"function","function":{"name":"f","parameters":{"minimum":1.0,"10":{}}}}';
  const bare = '{"parameters":{"minimum":1.0,"10":{}},"name":"f"}';
  const messages = [user("q"), assistant("a")];

  test.each([wrapped, bare])("%s reach the template as they are", (definition) => {
    const one = parseJson(definition);
    for (const tools of [[one], one, definition, `[${definition}]`, [definition]]) {
      for (const key of ["tools", "functions"]) {
        const { tools: readTools } = read("messages", { messages, [key]: tools });
        expect(stringifyJson(readTools)).toBe(`[${definition}]`);
      }
    }
  });

  test.each([
    [{ tools: [bare], functions: [wrapped] }, "the row has both tools and functions"],
    [{ tools: {} }, "tools is an object, not a list"],
    [{ tools: ["search"] }, "tools[0] is not valid JSON"],
    [{ tools: [null] }, "tools[0] is null, not the definition of a function"],
    [{ functions: 3 }, "functions is number 3, not a list"],
  ])("%j is refused", (row, message) => {
    expect(() => read("messages", { messages, ...row })).toThrow(message);
  });
});
