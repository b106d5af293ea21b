import { describe, expect, test } from "vitest";
import { assistant, user } from "../testFiles.js";
import { formatNamed } from "./formats.js";

const read = (format: string, row: object) => formatNamed(format).read({ ...row }, {});

describe("prompt and completion", () => {
  test("texts are a question and an answer", () => {
    expect(read("prompt_completion", { prompt: "问", completion: "答", id: 4 })).toEqual({
      id: 4,
      tools: undefined,
      messages: [user("问"), assistant("答")],
    });
  });

  test("of messages only the completion is learnt", () => {
    const prompt = [user("q"), assistant("a"), user("r")];
    const { messages } = read("prompt_completion", { prompt, completion: [assistant("b")] });
    expect(messages).toEqual([
      prompt[0],
      { ...prompt[1], train: false },
      prompt[2],
      assistant("b"),
    ]);
  });

  test("an answer of the prompt that says that it is learnt, is", () => {
    const prompt = [user("q"), { ...assistant("a"), train: true }, user("r")];
    const { messages } = read("prompt_completion", { prompt, completion: "b" });
    expect(messages[1]).toEqual({ ...assistant("a"), train: true });
  });

  test.each([
    [{ prompt: "q" }, /completion is missing/],
    [{ prompt: "q", completion: [user("a")] }, /completion\[0\] has role user/],
    [{ prompt: [{ role: "user" }], completion: "a" }, /prompt\[0\]\.content is missing/],
  ])("%j is refused", (row, reason) => {
    expect(() => read("prompt_completion", row)).toThrow(reason);
  });
});

describe("preference pairs", () => {
  const pair = {
    kind: "preference",
    messages: [user("问")],
    chosen: [assistant("好")],
    rejected: [assistant("坏")],
  };
  test.each([
    ["TRL's, with texts", { prompt: "问", chosen: "好", rejected: "坏" }],
    [
      "TRL's, with messages",
      { prompt: [user("问")], chosen: [assistant("好")], rejected: [assistant("坏")] },
    ],
    [
      "with the prompt in both, as Firefly's",
      { chosen: [user("问"), assistant("好")], rejected: [user("问"), assistant("坏")] },
    ],
    [
      "with the prompt in both and beside them",
      {
        prompt: "问",
        chosen: [user("问"), assistant("好")],
        rejected: [user("问"), assistant("坏")],
      },
    ],
    [
      "LLaMA-Factory's of ShareGPT's kind",
      {
        conversations: [{ from: "human", value: "问" }],
        chosen: { from: "gpt", value: "好" },
        rejected: { from: "gpt", value: "坏" },
      },
    ],
    [
      "of ShareGPT's kind, with lists of answers",
      {
        conversations: [{ from: "human", value: "问" }],
        chosen: [{ from: "gpt", value: "好" }],
        rejected: [{ from: "gpt", value: "坏" }],
      },
    ],
    ["with an input alone", { input: "问", chosen: "好", rejected: "坏" }],
    [
      "LLaMA-Factory's of Alpaca's kind",
      { instruction: "问", input: "", chosen: "好", rejected: "坏" },
    ],
  ])("%s", (_name, row) => {
    expect(formatNamed("preference").matches({ ...row })).toBe(true);
    expect(read("preference", row)).toMatchObject(pair);
  });

  test("answers that begin alike stay whole", () => {
    const [a, b] = [assistant("same"), user("go on")];
    const row = {
      chosen: [user("q"), a, b, assistant("x")],
      rejected: [user("q"), a, b, assistant("y")],
    };
    expect(read("preference", row)).toMatchObject({ messages: [user("q"), a, b] });
    const only = { chosen: [user("q"), a], rejected: [user("q"), a] };
    expect(read("preference", only)).toMatchObject({ messages: [user("q")], chosen: [a] });
  });

  test("a prompt that is not what whole conversations begin with is refused", () => {
    const whole = (answer: string) => [user("问"), assistant(answer)];
    const row = { prompt: "别的", chosen: whole("好"), rejected: whole("坏") };
    expect(() => read("preference", row)).toThrow(
      "the prompt differs from the start of chosen and rejected",
    );
  });

  test("keys that another form of them would have are not used up in silence", () => {
    const { usedKeys } = formatNamed("preference");
    const row = { prompt: "q", history: [["a", "b"]], input: "x", chosen: "c", rejected: "d" };
    expect(usedKeys!(row)).not.toContain("history");
    expect(usedKeys!({ ...row, prompt: null })).toContain("history");
  });

  test("without a prompt they are refused", () => {
    expect(() => read("preference", { chosen: "a", rejected: "b" })).toThrow("prompt is missing");
  });
});

test("a text is one message that is learnt whole, and is refused when it is empty", () => {
  expect(read("text", { text: "正文", meta: 1 })).toMatchObject({
    kind: "text",
    messages: [assistant("正文")],
  });
  expect(() => read("text", { text: " \n" })).toThrow("the text is empty");
});
