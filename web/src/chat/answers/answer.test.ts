import { describe, expect, it } from "vitest";
import {
  type Chunk,
  ended,
  isUnfinished,
  newAnswer,
  resumed,
  shownToken,
  speedOf,
  withChunk,
} from "./answer";

const delta = (content: string): Chunk => ({ choices: [{ delta: { content } }] });
const after = (...chunks: Chunk[]) =>
  chunks.reduce((answer, chunk, i) => withChunk(answer, chunk, 1000 * (i + 1)), newAnswer("m", 0));

describe("an answer", () => {
  it("collects text, reasoning, probabilities and usage", () => {
    const answer = after(
      { choices: [{ delta: { content: "" } }] },
      { choices: [{ delta: { reasoning_content: "hm" } }] },
      {
        choices: [
          {
            delta: { content: "Hi" },
            logprobs: {
              content: [
                { token: "Hi", logprob: -0.1, top_logprobs: [{ token: "Hi", logprob: -0.1 }] },
              ],
            },
          },
        ],
      },
      { choices: [{ delta: {}, finish_reason: "length" }], dropped_messages: 2 },
      { choices: [], usage: { prompt_tokens: 5, completion_tokens: 3 } },
    );
    expect(answer).toMatchObject({
      content: "Hi",
      reasoning: "hm",
      tokens: [{ text: "Hi", logprob: -0.1, top: [{ text: "Hi", logprob: -0.1 }] }],
      usage: { prompt: 5, completion: 3 },
      finishReason: "length",
      droppedMessages: 2,
      firstToken: 2000,
    });
    expect(isUnfinished(ended(answer, "done", 6000))).toBe(true);
    expect(speedOf(ended(answer, "done", 6000), 0)).toBe(0.5);
  });

  it("puts pieces of tool calls together by their index", () => {
    const call = (
      index: number,
      id: string | undefined,
      name: string | undefined,
      text: string,
    ) => ({
      choices: [
        {
          delta: {
            tool_calls: [
              {
                index,
                ...(id === undefined ? {} : { id }),
                function: { ...(name === undefined ? {} : { name }), arguments: text },
              },
            ],
          },
        },
      ],
    });
    const answer = after(
      call(0, "a", "add", '{"x":'),
      call(1, "b", "sub", "{}"),
      call(0, undefined, undefined, "1}"),
    );
    expect(answer.toolCalls).toEqual([
      { id: "a", name: "add", arguments: '{"x":1}' },
      { id: "b", name: "sub", arguments: "{}" },
    ]);
  });

  it("keeps what came before an error, and is gone on with from there", () => {
    const broken = after(delta("half"), { error: { message: "the engine ended" } });
    expect(broken).toMatchObject({ content: "half", state: "failed", error: "the engine ended" });
    expect(isUnfinished(broken)).toBe(true);
    const whole = withChunk(resumed(broken, 9000), delta(" and half"), 9500);
    expect(whole).toMatchObject({ content: "half and half", error: null, state: "running" });
  });

  it("does not change what it was made from", () => {
    const before = after(delta("a"));
    withChunk(before, delta("b"), 5);
    expect(before.content).toBe("a");
  });
});

describe("tokens as text", () => {
  it("shows pieces of characters as bytes", () => {
    expect(shownToken(" word", [32, 119])).toBe(" word");
    expect(shownToken("\uFFFD", [0xe4, 0xbd])).toBe("⟨E4 BD⟩");
  });
});
