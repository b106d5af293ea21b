/** Measures on answers made by hand in two languages, and dialogues on a model that has a list of answers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EvalModel, evaluate, type SpokenTurn, transcriptOf } from "../index.js";
import { agreement } from "./agreement.js";
import { findLoops, overlap, repetition } from "./repetition.js";
import { readDialogue } from "./script.js";
import { unitsOf } from "./units.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dialogue-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return `dialogue:${path}`;
}

describe("measures", () => {
  test("count words, single East Asian characters and signs", () => {
    expect(unitsOf("Use PyTorch_2, 很好！はい don't")).toEqual([
      ..."use pytorch_2 , 很 好 ！ は い don ' t".split(" "),
    ]);
  });

  test.each([
    // Of five sequences the last is the first.
    ["We walk home and we walk home and", 1 / 5],
    ["天气很好天气很好", 1 / 5],
    ["The quick brown fox jumps over the lazy dog.", 0],
    ["好", 0],
    ["", 0],
  ])("repetition of %s is %f", (text, expected) => {
    expect(repetition(text)).toBeCloseTo(expected, 12);
  });

  test("loops are sequences that are said over and over, at the end or before", () => {
    expect(findLoops("我不知道我不知道我不知道。")).toEqual({ longest: 12, atEnd: false });
    expect(findLoops(`好的。${"再见，".repeat(9)}`)).toEqual({ longest: 27, atEnd: true });
    expect(findLoops(`${"and so on ".repeat(8)}and so`)).toEqual({ longest: 26, atEnd: true });
    expect(findLoops("one two three")).toEqual({ longest: 0, atEnd: false });
    expect(findLoops("")).toEqual({ longest: 0, atEnd: false });
  });

  test("overlap is with all earlier answers", () => {
    const earlier = ["Shanghai is a large city in China.", "很高兴认识你。"];
    expect(overlap("Shanghai is a large place", earlier)).toBe(1 / 2);
    expect(overlap("我很高兴认识你们", earlier)).toBe(3 / 5);
    expect(overlap("是的", earlier)).toBeUndefined();
  });

  test("agreement looks at the whole text, at characters, and at words in order", () => {
    expect(agreement(" 北京。\n", "北京。")).toEqual({ exact_match: 1, char_f1: 1, rouge_l: 1 });
    const other = agreement("the cat sat down", "The dog sat");
    expect(other.exact_match).toBe(0);
    // the, sat of four and of three words
    expect(other.rouge_l).toBeCloseTo(4 / 7, 12);
    // t h e s a t, d, o of 13 and 9 characters; capitals differ
    expect(other.char_f1).toBeCloseTo((2 * 7) / 22, 12);
    expect(agreement("", "")).toEqual({ exact_match: 1, char_f1: 1, rouge_l: 1 });
    expect(agreement("", "a").char_f1).toBe(0);
  });
});

describe("the file", () => {
  test("is a script, or a conversation whose answers are the reference", () => {
    const turns = [{ question: "one" }, { question: "two" }];
    expect(readDialogue(write("list.json", ["one", "two"]))).toEqual({
      name: "dialogue:list",
      turns,
    });
    expect(readDialogue(write("lines.txt", "one\n\ntwo\n"))).toEqual({
      name: "dialogue:lines",
      turns,
    });
    const messages = [
      { role: "system", content: "Be short." },
      { role: "user", content: "one" },
      { role: "assistant", content: "1" },
      { role: "user", content: "two" },
    ];
    const expected = {
      name: "dialogue:talk",
      system: "Be short.",
      turns: [{ question: "one", reference: "1" }, { question: "two" }],
    };
    expect(readDialogue(write("talk.json", { messages, turns: [] }))).toEqual(expected);
    expect(readDialogue(write("talk.jsonl", `${JSON.stringify({ messages })}\n`))).toEqual(
      expected,
    );
    expect(readDialogue(write("talk.json", messages))).toEqual(expected);
  });

  test.each([
    ["none.json", { rows: [] }, /neither a script nor a conversation/],
    [
      "tool.json",
      [
        { role: "user", content: "a" },
        { role: "tool", content: "b" },
      ],
      /message 2 .* role is tool/,
    ],
    ["late.json", [{ role: "assistant", content: "a" }], /message 1 .* cannot be replayed/],
    ["empty.json", { messages: [] }, /no user turn/],
    ["odd.json", [{ role: "user", content: 1 }], /message 1 .* no role and content/],
  ])("%s is refused", (name, value, message) => {
    expect(() => readDialogue(write(name, value))).toThrow(message);
  });

  test("that is missing is named", () => {
    expect(() => readDialogue("dialogue:nowhere.txt")).toThrow("nowhere.txt: cannot be read");
    expect(() => readDialogue("dialogue:")).toThrow("names no file");
  });
});

/** Says these texts. */
function speaker(answers: Partial<SpokenTurn>[]): EvalModel & { systems: (string | undefined)[] } {
  const systems: (string | undefined)[] = [];
  return {
    systems,
    loglikelihood: async () => [],
    generateUntil: async () => [],
    async converse(questions, { system, onAnswer }) {
      systems.push(system);
      return questions.map((_, i) => {
        const silence = {
          text: "",
          tokens: 3,
          promptTokens: 9,
          finishReason: "stop",
          forgotten: 0,
        } as const;
        const turn = { ...silence, ...answers[i] };
        onAnswer?.(i, turn);
        return turn;
      });
    },
  };
}

describe("a dialogue", () => {
  const talk = () =>
    write("talk.json", [
      { role: "system", content: "Be short." },
      { role: "user", content: "上海的秋天怎么样？" },
      { role: "assistant", content: "很凉爽。" },
      { role: "user", content: "那么冬天呢？" },
      { role: "user", content: "谢谢。" },
    ]);
  const answers: Partial<SpokenTurn>[] = [
    { text: "很凉爽。" },
    { text: "冷冷清清。".repeat(10), finishReason: "length", tokens: 50 },
    { text: "You are welcome, come again some day.", forgotten: 2 },
  ];

  test("is replayed and measured, with means over what can be told", async () => {
    const model = speaker(answers);
    const told: string[] = [];
    const { results, samples, notes, higher_is_better } = await evaluate({
      model,
      tasks: [talk()],
      dataDir: folder,
      onProgress: ({ task, answered, questions }) => told.push(`${task} ${answered}/${questions}`),
    });
    const entry = results["dialogue:talk"]!;
    expect(entry).toMatchObject({
      sample_len: 3,
      "cut_off,none": 1 / 3,
      "looping,none": 1 / 3,
      "ended,none": 2 / 3,
      "other_language,none": 1 / 3,
      "tokens,none": (3 + 50 + 3) / 3,
      "exact_match,none": 1,
    });
    expect(entry["longest_repeat,none"]).toBe(50 / 3);
    expect(higher_is_better["dialogue:talk"]).toMatchObject({ repetition: false, ended: true });
    expect(notes["dialogue:talk"]).toContain(
      "from turn 3 on the oldest turns no longer fit into the model's context",
    );
    expect(told).toEqual([0, 1, 2, 3].map((n) => `dialogue:talk ${n}/3`));
    expect(model.systems).toEqual(["Be short."]);
    const { turns } = transcriptOf("dialogue:talk", samples["dialogue:talk"]!);
    expect(turns.map(({ finishReason }) => finishReason)).toEqual(["stop", "length", "stop"]);
    expect(turns[0]).toMatchObject({
      question: "上海的秋天怎么样？",
      answer: "很凉爽。",
      reference: "很凉爽。",
      measures: { rouge_l: 1, repetition: 0 },
    });
    expect(turns[0]!.measures).not.toHaveProperty("overlap");
  });

  test("a turn without an answer is told and left out of the means", async () => {
    const model = speaker([answers[0]!, { finishReason: "error", error: "too long" }, answers[2]!]);
    const tasks = [talk()];
    const { results, notes } = await evaluate({
      model,
      tasks,
      dataDir: folder,
      system: "Be kind.",
    });
    expect(results["dialogue:talk"]!["ended,none"]).toBe(1);
    expect(notes["dialogue:talk"]!.join("\n")).toMatch(
      /--system stands.*\n.*\nturn 2 has no answer .*: too long/,
    );
    expect(model.systems).toEqual(["Be kind."]);
  });

  test("only the first turns are asked with a limit, and a model without template is refused", async () => {
    const { results } = await evaluate({
      model: speaker(answers),
      tasks: [talk()],
      dataDir: folder,
      limit: 1,
    });
    expect(results["dialogue:talk"]!.sample_len).toBe(1);
    const { converse: _, ...mute } = speaker([]);
    await expect(evaluate({ model: mute, tasks: [talk()], dataDir: folder })).rejects.toThrow(
      "needs a model that holds a conversation",
    );
  });
});
