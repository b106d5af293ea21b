import { describe, expect, test } from "vitest";
import { encodeConversation } from "./encodeConversation.js";
import { loadTokenizer } from "./loadTokenizer.js";
import { encodeSequences, type OverLength } from "./overLength.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { byteTokenizer, chatmlJinja, sentencePieceDirectory } from "./testTokenizers.js";
import {
  type Conversation,
  type EncodedConversation,
  ignoredLabel,
  type Message,
} from "./types.js";

const tokenizer = byteTokenizer([], chatmlJinja);
const template = resolveChatTemplate(undefined, tokenizer);
const text = ({ inputIds }: EncodedConversation) => tokenizer.decode(inputIds);
const learnt = ({ inputIds, labels }: EncodedConversation) =>
  tokenizer.decode(inputIds.filter((_, index) => labels[index] !== ignoredLabel));

const system: Message = { role: "system", content: "简" };
const turn = (question: string, answer: string): Message[] => [
  { role: "user", content: question },
  { role: "assistant", content: answer },
];
const talk: Conversation = {
  messages: [system, ...turn("一", "uno"), ...turn("二", "dos"), ...turn("三", "tres")],
};
const said = (role: string, words: string) => `<|im_start|>${role}\n${words}<|im_end|>\n`;
const whole = await encodeConversation(talk, tokenizer, template);

async function sequences(conversation: Conversation, maxSeqLength: number, overLength: OverLength) {
  const options = { maxSeqLength, overLength };
  return (await encodeSequences([conversation], tokenizer, template, options))[0]!;
}

describe("a conversation that fits", () => {
  test.each(["cut", "cut_turn", "drop", "split"] as const)(
    "is left alone by %s",
    async (policy) => {
      const [only, ...more] = await sequences(talk, whole.fullLength, policy);
      expect(more).toEqual([]);
      expect(only).toEqual(whole);
    },
  );
});

describe("one that is too long", () => {
  const max = whole.fullLength - 3;

  test("is cut on the right", async () => {
    const [only] = await sequences(talk, max, "cut");
    expect(only!.inputIds).toEqual(whole.inputIds.subarray(0, max));
    expect(only).toMatchObject({ truncated: true, fullLength: whole.fullLength });
  });

  test("is cut behind the last turn that fits whole", async () => {
    const [only, ...more] = await sequences(talk, max, "cut_turn");
    expect(more).toEqual([]);
    expect(text(only!).endsWith("dos<|im_end|>")).toBe(true);
    expect(learnt(only!)).toBe("uno<|im_end|>dos<|im_end|>");
    expect(only).toMatchObject({ truncated: true, fullLength: whole.fullLength });
  });

  test("exactly at the end of a turn keeps that turn", async () => {
    const [second] = await sequences(talk, max, "cut_turn");
    const [same] = await sequences(talk, second!.inputIds.length, "cut_turn");
    expect(same!.inputIds).toEqual(second!.inputIds);
    const [less] = await sequences(talk, second!.inputIds.length - 1, "cut_turn");
    expect(learnt(less!)).toBe("uno<|im_end|>");
  });

  test("is dropped", async () => {
    expect(await sequences(talk, max, "drop")).toEqual([]);
  });

  test("is split into whole turns, each sequence with the system message", async () => {
    const opening = said("system", "简");
    const two = await sequences(talk, max, "split");
    expect(two.map(text)).toEqual([
      opening +
        said("user", "一") +
        said("assistant", "uno") +
        said("user", "二") +
        said("assistant", "dos"),
      opening + said("user", "三") + said("assistant", "tres"),
    ]);
    expect(two.map(learnt)).toEqual(["uno<|im_end|>dos<|im_end|>", "tres<|im_end|>"]);
    const longest = Math.max(...two.map(({ inputIds }) => inputIds.length));
    const three = await sequences(talk, longest - 4, "split");
    expect(three.map(learnt)).toEqual(["uno<|im_end|>", "dos<|im_end|>", "tres<|im_end|>"]);
    for (const part of [...two, ...three]) expect(part).toMatchObject({ truncated: false });
  });

  test("whose first turn alone is too long is cut, and says so", async () => {
    const long = { messages: [...turn("q", "长".repeat(40)), ...turn("r", "ok")] };
    const [cut] = await sequences(long, 60, "cut_turn");
    expect(cut).toMatchObject({ truncated: true });
    expect(cut!.inputIds).toHaveLength(60);
    const parts = await sequences(long, 60, "split");
    expect(parts.map(({ truncated }) => truncated)).toEqual([true, false]);
    expect(learnt(parts[1]!)).toBe("ok<|im_end|>");
  });

  test("whose turn teaches nothing once it is cut leaves it out of the split, counted as cut", async () => {
    const long = { messages: [...turn("长".repeat(40), "no"), ...turn("r", "ok")] };
    const [only, ...more] = await sequences(long, 60, "split");
    expect(more).toEqual([]);
    expect(learnt(only!)).toBe("ok<|im_end|>");
    expect(only!.truncated).toBe(true);
    expect(only!.fullLength).toBeGreaterThan(120);
  });

  test("with tools is cut behind answers, not behind calls", async () => {
    const tools: Message[] = [
      ...turn("q", "a"),
      { role: "user", content: "1+1" },
      { role: "assistant", content: "add(1,1)" },
      { role: "tool", content: "2" },
      { role: "assistant", content: "it is 2" },
    ];
    const all = await encodeConversation({ messages: tools }, tokenizer, template);
    const [cut] = await sequences({ messages: tools }, all.fullLength - 2, "cut_turn");
    expect(learnt(cut!)).toBe("a<|im_end|>");
  });

  test.each(["firefly-classic", "baichuan-official", "vicuna"])(
    "is cut and split under %s, with the end of each turn learnt",
    async (name) => {
      const pieces = await loadTokenizer(sentencePieceDirectory);
      const own = resolveChatTemplate(name, pieces);
      const messages = [
        ...turn("一二三", "hello there"),
        ...turn("四", "good"),
        ...turn("五", "bye"),
      ];
      const full = await encodeConversation({ messages }, pieces, own);
      const first = await encodeConversation({ messages: messages.slice(0, 4) }, pieces, own);
      const options = { maxSeqLength: full.fullLength - 1 };
      const encode = async (overLength: OverLength) =>
        (await encodeSequences([{ messages }], pieces, own, { ...options, overLength }))[0]!;
      const [cut] = await encode("cut_turn");
      expect(cut!.labelledTokens).toBe(first.labelledTokens);
      const parts = await encode("split");
      expect(parts).toHaveLength(2);
      expect(parts.reduce((sum, { labelledTokens }) => sum + labelledTokens, 0)).toBe(
        full.labelledTokens,
      );
    },
  );
});

describe("plain text", () => {
  const content = "Continued pretraining 继续预训练。";
  const conversation: Conversation = { kind: "text", messages: [{ role: "assistant", content }] };

  test("is learnt whole, from the tokenizer's own beginning to the end token", async () => {
    const [only] = await sequences(conversation, 1000, "cut");
    const framed = await tokenizer.encode(content, { addSpecialTokens: true });
    expect([...only!.inputIds]).toEqual([...framed, tokenizer.eosTokenId]);
    expect(only!.labels.subarray(1)).toEqual(only!.inputIds.subarray(1));
    expect(only!.labels[0]).toBe(ignoredLabel);
  });

  test.each(["cut", "cut_turn", "split"] as const)("becomes pieces under %s", async (policy) => {
    const [all] = await sequences(conversation, 1000, policy);
    const pieces = await sequences(conversation, 10, policy);
    expect(pieces.flatMap(({ inputIds }) => [...inputIds])).toEqual([...all!.inputIds]);
    expect(new Set(pieces.slice(0, -1).map(({ inputIds }) => inputIds.length))).toEqual(
      new Set([10]),
    );
    for (const { inputIds, labels } of pieces)
      expect(labels.subarray(1)).toEqual(inputIds.subarray(1));
    expect(await sequences(conversation, 10, "drop")).toEqual([]);
  });

  test("whose last piece would be one token begins it one earlier", async () => {
    const [all] = await sequences(conversation, 1000, "cut");
    const pieces = await sequences(conversation, all!.fullLength - 1, "cut");
    expect(pieces.map(({ inputIds }) => inputIds.length)).toEqual([all!.fullLength - 1, 2]);
    expect(pieces[1]!.labels[1]).toBe(tokenizer.eosTokenId);
  });
});

describe("a turn of several parts", () => {
  const messages: Message[] = [
    { role: "user", content: "q" },
    { role: "assistant", content: " 想一想 ", train: false },
    { role: "assistant", content: "Search()", continues: true },
    { role: "tool", content: "r", train: true },
    { role: "assistant", content: "答", train: false },
  ];
  const joined: Message[] = [
    messages[0]!,
    { role: "assistant", content: " 想一想 Search()" },
    ...messages.slice(3),
  ];

  test("has the ids of one message, and the labels of its parts", async () => {
    const parts = await encodeConversation({ messages }, tokenizer, template);
    const one = await encodeConversation({ messages: joined }, tokenizer, template);
    expect(parts.inputIds).toEqual(one.inputIds);
    expect(learnt(parts)).toBe("Search()<|im_end|><|im_start|>tool\nr<|im_end|>");
    const trained = parts.segments.filter(({ train }) => train);
    expect(trained.map(({ message }) => message)).toEqual([2, 3]);
  });

  test("keeps its labels where the template trims it", async () => {
    const trimming = resolveChatTemplate("chatml", tokenizer);
    const talk = messages.filter(({ role }) => role !== "tool").slice(0, 3);
    const parts = await encodeConversation({ messages: talk }, tokenizer, trimming);
    expect(learnt(parts)).toBe("Search()<|im_end|>");
  });
});
