import { afterAll, describe, expect, test } from "vitest";
import { openConversations, type SourceOptions } from "../conversationSource.js";
import { assistant, testFolder, user } from "../testFiles.js";

const folder = testFolder();
afterAll(() => folder.remove());

/** The conversations of rows, without their sources, and the format that was found. */
async function read(rows: readonly object[], options: SourceOptions = {}) {
  const path = folder.write("rows.jsonl", rows);
  const source = await openConversations([path], options);
  try {
    const conversations = [];
    for (let row = 0; row < source.rows; row++) {
      const { source: place, ...conversation } = await source.read(row);
      expect(place).toEqual({ file: path, line: row + 1 });
      conversations.push(conversation);
    }
    return { format: source.files[0]!.format, conversations };
  } finally {
    await source.close();
  }
}

async function refusal(row: object, options: SourceOptions = {}) {
  const good = { messages: [user("q"), assistant("a")] };
  const path = folder.path("rows.jsonl");
  try {
    await read(options.format === undefined ? [good, row] : [row], options);
  } catch (error) {
    if (error instanceof Error) return error.message.replace(path, "FILE");
  }
  return undefined;
}

const call = { name: "add", arguments: { a: 1 } };

describe("messages", () => {
  test("are taken as they are, with tools, ids and unknown keys of a message", async () => {
    const messages = [
      { role: "system", content: "s" },
      user("问"),
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "x", type: "function", function: call }],
      },
      { role: "tool", content: "2", tool_call_id: "x" },
      { role: "assistant", content: "二", train: false, reasoning_content: "r" },
    ];
    const { format, conversations } = await read([{ id: 7, messages, tools: [{ name: "add" }] }]);
    expect(format).toBe("messages");
    expect(conversations).toEqual([
      {
        id: 7,
        tools: [{ name: "add" }],
        messages: [...messages.slice(0, 2), { ...messages[2], content: "" }, ...messages.slice(3)],
      },
    ]);
  });

  test("may have content in parts, arguments as JSON text and OpenAI's other role names", async () => {
    const { conversations } = await read([
      {
        messages: [
          { role: "developer", content: "s" },
          {
            role: "user",
            content: [
              { type: "text", text: "a" },
              { type: "text", text: "b" },
            ],
          },
          { role: "assistant", tool_calls: [{ function: { name: "f", arguments: '{"x": 1}' } }] },
          { role: "function", content: "r" },
          assistant("c"),
        ],
      },
    ]);
    expect(conversations[0]!.messages.map(({ role, content }) => [role, content])).toEqual([
      ["system", "s"],
      ["user", "ab"],
      ["assistant", ""],
      ["tool", "r"],
      ["assistant", "c"],
    ]);
    expect(conversations[0]!.messages[2]!.tool_calls![0]!.function.arguments).toEqual({ x: 1 });
  });

  test("keys that are null, as tables have them, count as absent", async () => {
    const nulls = { name: null, tool_calls: null, tool_call_id: null, train: null, weight: null };
    const { conversations } = await read([
      {
        messages: [
          { ...nulls, ...user("q") },
          { ...nulls, ...assistant("a") },
        ],
        tools: null,
      },
    ]);
    expect(conversations).toEqual([{ messages: [user("q"), assistant("a")] }]);
    const call_ = { ...nulls, role: "assistant", content: null, tool_calls: [{ function: call }] };
    const empty = { ...assistant("a"), tool_calls: [] };
    const tools = await read([
      { messages: [user("q"), call_, { role: "tool", content: "r" }, empty] },
    ]);
    expect(tools.conversations[0]!.messages.slice(1)).toEqual([
      { role: "assistant", content: "", tool_calls: [{ type: "function", function: call }] },
      { role: "tool", content: "r" },
      assistant("a"),
    ]);
  });

  test("OpenAI's weight says what is learnt", async () => {
    const { conversations } = await read([
      {
        messages: [
          { ...user("q"), weight: 0 },
          { ...assistant("bad"), weight: 0 },
          { ...user("no"), weight: 1 },
          { ...assistant("good"), weight: 1 },
        ],
      },
    ]);
    expect(conversations[0]!.messages).toEqual([
      user("q"),
      { ...assistant("bad"), train: false },
      { ...user("no"), train: true },
      assistant("good"),
    ]);
  });

  test("large numbers in a call's arguments stay what they are", async () => {
    const given = '{"id": 12345678901234567890, "n": 7}';
    const calls = {
      role: "assistant",
      tool_calls: [{ function: { name: "f", arguments: given } }],
    };
    const { conversations } = await read([
      { messages: [user("q"), calls, { role: "tool", content: "r" }, assistant("a")] },
    ]);
    expect(conversations[0]!.messages[1]!.tool_calls![0]!.function.arguments).toEqual({
      id: 12345678901234567890n,
      n: 7,
    });
  });

  test("may have OpenAI's older function_call, with the arguments as JSON text", async () => {
    const { conversations } = await read([
      {
        messages: [
          user("q"),
          {
            role: "assistant",
            content: null,
            function_call: { name: "add", arguments: '{"a": 1}' },
          },
          { role: "function", name: "add", content: "r" },
          assistant("a"),
        ],
      },
    ]);
    expect(conversations[0]!.messages[1]).toEqual({
      role: "assistant",
      content: "",
      tool_calls: [{ type: "function", function: call }],
    });
  });

  test.each([
    [{ messages: [] }, "FILE:2: the conversation is empty"],
    [{ other: 1 }, "FILE:2: messages is missing"],
    [{ messages: "hi" }, "FILE:2: messages is not valid JSON"],
    [{ messages: [null] }, "FILE:2: messages[0] is null, not an object"],
    [{ messages: [{ role: "user" }] }, "FILE:2: messages[0].content is missing"],
    [
      { messages: [{ role: "boss", content: "" }] },
      'FILE:2: messages[0].role is "boss", which is not a known role',
    ],
    [
      { messages: [{ role: "toString", content: "" }] },
      'FILE:2: messages[0].role is "toString", which is not a known role',
    ],
    [
      { messages: [{ role: "user", content: [{ type: "image_url" }] }] },
      'FILE:2: messages[0].content[0] is of type "image_url"',
    ],
    [
      { messages: [assistant("a")] },
      "FILE:2: the conversation starts with a message of role assistant",
    ],
    [
      { messages: [user("q"), user("q")] },
      "FILE:2: message 2 has role user after one with role user",
    ],
    [
      { messages: [user("q"), assistant(" \n")] },
      "FILE:2: message 2, from the assistant, is empty",
    ],
    [
      { messages: [user("q"), { ...assistant("a"), train: "yes" }] },
      "FILE:2: messages[1].train is a string, not true or false",
    ],
    [
      { messages: [user("q"), { ...assistant("a"), weight: 0.5 }] },
      "FILE:2: messages[1].weight is number 0.5, neither 0 nor 1",
    ],
    [
      { messages: [user("q"), { ...assistant("a"), weight: 0, train: true }] },
      'FILE:2: messages[1] has "train": true and "weight": 0',
    ],
    [
      { system: "s", messages: [{ role: "system", content: "t" }, user("q"), assistant("a")] },
      "FILE:2: the row has two system messages: its key system and its first message",
    ],
    [{ messages: [user("q"), assistant("a")], tools: "{" }, "FILE:2: tools is not valid JSON"],
    [
      { messages: [user("q"), { ...assistant("a"), continues: true }] },
      "FILE:2: message 2 has no turn to continue",
    ],
    [
      { messages: [{ role: "tool", content: "r" }, assistant("a")] },
      "FILE:2: the conversation starts with a message of role tool",
    ],
    [
      {
        messages: [
          user("q"),
          { role: "assistant", tool_calls: [{ id: "x", name: "f" }] },
          { role: "tool", content: "r", tool_call_id: "y" },
        ],
      },
      'FILE:2: message 3 answers the call "y", which nobody makes',
    ],
    [[1], "FILE:2: the row is not a JSON object"],
  ])("%j is refused", async (row, message) => {
    expect(await refusal(row)).toBe(message);
  });
});

describe("Firefly's format", () => {
  test("becomes user and assistant messages, with an optional system message", async () => {
    const conversation = [
      { human: "你好", assistant: "您好！" },
      { human: "再见", assistant: "再见。" },
    ];
    const { format, conversations } = await read([
      { conversation_id: 3, category: "Brainstorming", conversation, system: "你是助手" },
      { conversation },
    ]);
    expect(format).toBe("firefly");
    const turns = [user("你好"), assistant("您好！"), user("再见"), assistant("再见。")];
    expect(conversations).toEqual([
      { id: 3, messages: [{ role: "system", content: "你是助手" }, ...turns] },
      { messages: turns },
    ]);
  });

  test("of single questions, as its first data set has them", async () => {
    const { format, conversations } = await read([
      { kind: "NLI", input: "问", target: "答" },
      { input: "q", target: "a", system: "s" },
    ]);
    expect(format).toBe("firefly");
    expect(conversations.map(({ messages }) => messages)).toEqual([
      [user("问"), assistant("答")],
      [{ role: "system", content: "s" }, user("q"), assistant("a")],
    ]);
    expect(await refusal({ input: "q", target: 3 }, { format: "firefly" })).toBe(
      "FILE:1: target is number 3, not a string",
    );
  });

  test("refuses a key of a turn that would be lost", async () => {
    const turn = { human: "q", assistant: "a", thought: "t" };
    expect(await refusal({ conversation: [turn] }, { format: "firefly" })).toBe(
      "FILE:1: conversation[0].thought has no meaning here",
    );
  });

  test("names the missing half of a turn", async () => {
    expect(await refusal({ conversation: [{ human: "q" }] }, { format: "firefly" })).toBe(
      "FILE:1: conversation[0].assistant is missing",
    );
  });
});

const mossTurn = (human: string, answer: string, tools: Partial<Record<string, string>> = {}) => ({
  Human: `<|Human|>: ${human}<eoh>\n`,
  "Inner Thoughts": `<|Inner Thoughts|>: ${tools.thoughts ?? "None"}<eot>\n`,
  Commands: `<|Commands|>: ${tools.commands ?? "None"}<eoc>\n`,
  "Tool Responses": tools.results
    ? `<|Results|>:\n${tools.results}\n<eor>\n`
    : "<|Results|>:\nNone\n<eor>\n",
  MOSS: `<|MOSS|>: ${answer}<eom>\n`,
});
const toolTurn = mossTurn("1+1?", "二<sup><|1|></sup>", {
  thoughts: "算一下",
  commands: 'Calculate("1+1")',
  results: 'Calculate("1+1") => 2',
});

describe("MOSS's format", () => {
  test("loses its marks, and its meta_instruction unless asked to keep it", async () => {
    const row = {
      conversation_id: "9",
      meta_instruction: "You are MOSS.\n",
      num_turns: 2,
      chat: { turn_2: mossTurn("b ", "\n\nB\n- x"), turn_1: mossTurn("甲", "None") },
    };
    const turns = [user("甲"), assistant("None"), user("b"), assistant("B\n- x")];
    const plain = await read([row]);
    expect(plain).toEqual({ format: "moss", conversations: [{ id: "9", messages: turns }] });
    const { conversations } = await read([row], { mossMetaInstruction: true });
    expect(conversations[0]!.messages[0]).toEqual({ role: "system", content: "You are MOSS.\n" });
  });

  test("keeps thoughts and commands as an assistant message and results as a tool's", async () => {
    const { conversations } = await read([{ chat: { turn_1: toolTurn } }]);
    expect(conversations[0]!.messages).toEqual([
      user("1+1?"),
      assistant('<|Inner Thoughts|>: 算一下<eot>\n<|Commands|>: Calculate("1+1")<eoc>'),
      { role: "tool", content: '<|Results|>:\nCalculate("1+1") => 2\n<eor>' },
      assistant("二<sup><|1|></sup>"),
    ]);
  });

  test("makes parts messages of their own where one is learnt and another is not", async () => {
    const { conversations } = await read([{ chat: { turn_1: toolTurn } }], {
      mossLearn: ["commands", "results"],
    });
    expect(conversations[0]!.messages).toEqual([
      user("1+1?"),
      { ...assistant("<|Inner Thoughts|>: 算一下<eot>\n"), train: false },
      { ...assistant('<|Commands|>: Calculate("1+1")<eoc>'), continues: true },
      { role: "tool", content: '<|Results|>:\nCalculate("1+1") => 2\n<eor>', train: true },
      { ...assistant("二<sup><|1|></sup>"), train: false },
    ]);
  });

  test("puts a thought without a command before the answer", async () => {
    const { conversations } = await read([
      { chat: { turn_1: mossTurn("q", "a", { thoughts: "t" }) } },
    ]);
    expect(conversations[0]!.messages[1]).toEqual(assistant("<|Inner Thoughts|>: t<eot>\na"));
  });

  test("drops or refuses tool turns when asked", async () => {
    const row = { chat: { turn_1: toolTurn } };
    const { conversations } = await read([row], { mossTools: "drop" });
    expect(conversations[0]!.messages).toEqual([user("1+1?"), assistant("二<sup><|1|></sup>")]);
    expect(await refusal(row, { format: "moss", mossTools: "refuse" })).toBe(
      "FILE:1: chat.turn_1 has inner thoughts, commands or tool results",
    );
  });

  test.each([
    [
      { chat: { turn_1: mossTurn("q", "a"), turn_3: mossTurn("q", "a") } },
      "FILE:1: chat has no turn_2",
    ],
    [
      { chat: { turn_1: { ...mossTurn("q", "a"), Plan: "p" } } },
      "FILE:1: chat.turn_1.Plan has no meaning here",
    ],
    [{ chat: { turn_1: { Human: "q" } } }, "FILE:1: chat.turn_1.MOSS is missing"],
    [
      { chat: { turn_1: { Human: 5, MOSS: "" } } },
      'FILE:1: chat.turn_1."Human" is number 5, not a string',
    ],
    [{ chat: { turn_1: "text" } }, "FILE:1: chat.turn_1 is a string"],
    [{ chat: {} }, "FILE:1: the conversation is empty"],
    [{ text: "t" }, "FILE:1: chat is missing"],
  ])("%j is refused", async (row, message) => {
    expect(await refusal(row, { format: "moss" })).toBe(message);
  });

  test("rows that lack the tool fields are read all the same", async () => {
    const { Human, MOSS } = mossTurn("q", "a");
    const { conversations } = await read([{ chat: { turn_1: { Human, MOSS } } }]);
    expect(conversations[0]!.messages).toEqual([user("q"), assistant("a")]);
  });
});

describe("other formats", () => {
  test("ShareGPT's with function calls", async () => {
    const { format, conversations } = await read([
      {
        conversations: [
          { from: "human", value: "1+1" },
          { from: "function_call", value: JSON.stringify(call) },
          { from: "observation", value: "2" },
          { from: "gpt", value: "two" },
        ],
        tools: '[{"name": "add"}]',
      },
    ]);
    expect(format).toBe("sharegpt");
    expect(conversations).toEqual([
      {
        tools: [{ name: "add" }],
        messages: [
          user("1+1"),
          { role: "assistant", content: "", tool_calls: [{ type: "function", function: call }] },
          { role: "tool", content: "2" },
          assistant("two"),
        ],
      },
    ]);
  });

  test("ShareGPT's with weights, keys of their own, and the names of messages", async () => {
    const { conversations } = await read([
      {
        conversations: [
          { from: "system", value: "s", weight: null },
          { from: "human", value: "q", weight: 0 },
          { from: "gpt", value: "bad", weight: 0, mood: "low" },
          { role: "user", content: "r" },
          { role: "assistant", content: null, tool_calls: [{ function: call }] },
          { role: "tool", content: "2" },
          { from: "gpt", value: "good", train: true },
        ],
      },
    ]);
    expect(conversations[0]!.messages).toEqual([
      { role: "system", content: "s" },
      user("q"),
      { ...assistant("bad"), train: false, mood: "low" },
      user("r"),
      { role: "assistant", content: "", tool_calls: [{ type: "function", function: call }] },
      { role: "tool", content: "2" },
      { ...assistant("good"), train: true },
    ]);
  });

  test("Alpaca's with input, history and system", async () => {
    const { format, conversations } = await read([
      { instruction: "翻译", input: "cat", output: "猫" },
      { instruction: "q", input: "", output: "a", history: [["h", "i"]], system: "s" },
    ]);
    expect(format).toBe("alpaca");
    expect(conversations.map(({ messages }) => messages)).toEqual([
      [user("翻译\ncat"), assistant("猫")],
      [{ role: "system", content: "s" }, user("h"), assistant("i"), user("q"), assistant("a")],
    ]);
  });

  test("rows of no known format are refused with their keys", async () => {
    await expect(read([{ question: 1 }])).rejects.toMatchObject({
      message: expect.stringContaining("unknown conversation format"),
      why: "its rows have the keys question",
    });
  });

  test("an unknown name of a format is a configuration error with the known ones", async () => {
    await expect(read([{}], { format: "mos" })).rejects.toMatchObject({
      name: "ConfigError",
      todo: "use one of messages, moss, firefly, preference, sharegpt, alpaca, prompt_completion, text",
    });
  });

  test("broken rows at the beginning do not hide the format", async () => {
    const path = folder.write("late.jsonl", `{"broken\n[1]\n${JSON.stringify({ messages: [] })}\n`);
    const source = await openConversations([path]);
    expect(source.files[0]!.format).toBe("messages");
    await source.close();
  });
});

test("several files follow each other, each with its own format and lines", async () => {
  const first = folder.write("first.jsonl", [{ messages: [user("1"), assistant("1")] }]);
  const second = folder.write(
    "second.json",
    '[\n{"instruction": "2", "output": "2"},\n{"instruction": "3", "output": "3"}]',
  );
  const source = await openConversations([first, second]);
  const rows = await Promise.all([2, 0, 1].map((row) => source.read(row)));
  expect(rows.map(({ messages, source: place }) => [messages[0]!.content, place])).toEqual([
    ["3", { file: second, line: 3 }],
    ["1", { file: first, line: 1 }],
    ["2", { file: second, line: 2 }],
  ]);
  await source.close();
});

describe("keys of a row that its format does not read", () => {
  const messages = [user("q"), assistant("a")];
  const alpaca = { instruction: "q", output: "a" };
  const tools = [{ name: "add" }];

  test.each([
    [{ messages, label: false }, /labeled as good or bad by label/],
    [{ prompt: "q", completion: "a", label: true }, /labeled as good or bad by label/],
    [{ messages, rejected_response: "b" }, /preference pair/],
    [
      {
        conversations: [
          { from: "human", value: "<image>q" },
          { from: "gpt", value: "a" },
        ],
        image: "a.png",
      },
      /has image,/,
    ],
    [{ ...alpaca, images: ["a.png"] }, /has images,/],
    [{ ...alpaca, system_prompt: "s" }, /has system_prompt,/],
    [
      { messages: [{ role: "system", content: "t" }, ...messages], system_message: "s" },
      /has system_message,/,
    ],
    [{ conversation: [{ human: "q", assistant: "a" }], tools }, /has tools,/],
    [{ messages, history: [["q", "a"]] }, /has history,/],
    [{ text: "hello", role: "prompter", parent_id: null }, /one message of a conversation/],
  ])("are refused where training would lose their meaning: %j", async (row, message) => {
    await expect(read([row])).rejects.toThrow(message);
    await expect(read([row], { pairs: "keep" })).resolves.toBeDefined();
  });

  test.each([
    { messages, label: "math", images: [], image: null, history: [], system_prompt: "" },
    { messages: [{ role: "system", content: "s" }, ...messages], system_prompt: "s" },
    { text: "a caption", image: "a.png", label: true },
  ])("are no matter where they say nothing of the conversation: %j", async (row) => {
    await expect(read([row])).resolves.toBeDefined();
  });

  test("tools are read beside Alpaca's instruction too, as LLaMA-Factory does", async () => {
    const { conversations } = await read([{ ...alpaca, tools: JSON.stringify(tools) }]);
    expect(conversations[0]).toMatchObject({ messages, tools });
  });

  test("Alpaca's own prompt has no place for a system message", async () => {
    const row = { ...alpaca, system: "s" };
    expect(await refusal(row, { format: "alpaca_prompt" })).toMatch("has system,");
  });
});
