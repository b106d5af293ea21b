/** The beginning of a long text, encoded without the rest: the same ids as with it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { builtinModelName, builtinModelPath } from "../util/builtin-model.js";
import { randomNumbers } from "../util/testRandom.js";
import { encodeConversations } from "./encodeConversation.js";
import { loadTokenizer } from "./loadTokenizer.js";
import { encodeSequences } from "./overLength.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import type { SpecialTokensInText } from "./spelledTokens.js";
import { cutsIntoWords } from "./stableText.js";
import { sentencePieceDirectory } from "./testTokenizers.js";
import type { Conversation } from "./types.js";

const shared = join(
  process.env.TUNEWRIGHT_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url)),
  "conversations",
);
const hasShared = existsSync(shared);

/** Tokenizers that cut text into words first (byte level), and that do not (SentencePiece). */
const tokenizers = [
  { path: sentencePieceDirectory, template: "firefly-classic" },
  ...(existsSync(builtinModelPath()) ? [{ path: builtinModelName, template: undefined }] : []),
];

const scraps = [
  ..."你好，世界。Hello world! 1234567 ".split(""),
  "  ",
  "\n\n",
  "\t",
  "    ",
  "'ll",
  "é",
  "e\u0301",
  "\u{1F600}",
  "👨‍👩‍👧",
  "ﬁ",
  "　",
  "</s>",
  "<s>",
  "<|im_end|>",
  "<|im_start|>",
  "\u0000",
  "ない",
  "กำ",
  "the ",
  "anti",
  "一二三四五六七八九十",
];

/** Texts of many kinds, each with no more structure than chance gives it. */
function randomText(random: (below: number) => number, length: number): string {
  let text = "";
  while (text.length < length) {
    const scrap = scraps[random(scraps.length)]!;
    text += scrap.repeat(random(20) === 0 ? 1 + random(60) : 1);
  }
  return text;
}

/** Rows of a file as one long text: real language, longer than any row. */
function realText(name: string, key: RegExp): string {
  const found = readFileSync(join(shared, name), "utf8").matchAll(key);
  return Array.from(found, (match) => JSON.parse(`"${match[1]}"`) as string).join("\n");
}

const value = (key: string) => new RegExp(`"${key}":\\s*"((?:[^"\\\\]|\\\\.)*)"`, "g");

async function expectSameIds(
  conversations: Conversation[],
  path: string,
  name?: string,
  specialTokensInText: SpecialTokensInText = "error",
) {
  const tokenizer = await loadTokenizer(path);
  const template = resolveChatTemplate(name, tokenizer);
  const spelled = { specialTokensInText };
  const whole = await encodeConversations(conversations, tokenizer, template, spelled);
  let estimated = 0;
  for (const maxSeqLength of [2, 64, 700]) {
    const options = { maxSeqLength, ...spelled };
    const cut = await encodeConversations(conversations, tokenizer, template, options);
    const chats = conversations.filter(({ kind }) => kind !== "text");
    const sparing = { ...options, exactLengths: false };
    const sequences = await encodeSequences(chats, tokenizer, template, sparing);
    const same = cut.filter((_, index) => conversations[index]!.kind !== "text");
    expect(sequences.map(([one]) => [one!.inputIds, one!.labels, one!.truncated])).toEqual(
      same.map(({ inputIds, labels, truncated }) => [inputIds, labels, truncated]),
    );
    for (const [index, { inputIds, labels, fullLengthEstimated, truncated }] of cut.entries()) {
      const all = whole[index]!;
      expect(inputIds).toEqual(all.inputIds.subarray(0, maxSeqLength));
      expect(labels).toEqual(all.labels.subarray(0, maxSeqLength));
      expect(truncated).toBe(all.fullLength > maxSeqLength);
      if (fullLengthEstimated) estimated++;
    }
  }
  return estimated;
}

const both = (content: string): Conversation[] => [
  { kind: "text", messages: [{ role: "assistant", content }] },
  {
    messages: [
      { role: "user", content: "q" },
      { role: "assistant", content },
    ],
  },
  {
    messages: [
      { role: "user", content },
      { role: "assistant", content: "a" },
    ],
  },
];

describe.each(tokenizers)("$path", ({ path, template }) => {
  test.each(["token", "text"] as const)("random texts, special tokens as %s", async (mode) => {
    const random = randomNumbers(7);
    const texts = Array.from({ length: 12 }, () => randomText(random, 4000 + random(12_000)));
    expect(await expectSameIds(texts.flatMap(both), path, template, mode)).toBeGreaterThan(40);
  });

  test.skipIf(!hasShared)(
    `Chinese and English books' worth of real text${hasShared ? "" : ` (skipped: ${shared} is not there)`}`,
    async () => {
      const texts = [
        realText("alpaca_zh_demo.json", value("output")).slice(0, 120_000),
        realText("moss-003-sft-no-tools.sample.jsonl", value("MOSS")).slice(0, 120_000),
        realText("c4_demo.jsonl", value("text")).slice(0, 120_000),
      ];
      expect(Math.min(...texts.map(({ length }) => length))).toBeGreaterThan(100_000);
      expect(await expectSameIds(texts.flatMap(both), path, template)).toBe(27);
    },
  );

  test("takes little longer for a text of sixteen megabytes than for its beginning", async () => {
    const tokenizer = await loadTokenizer(path);
    const own = resolveChatTemplate(template, tokenizer);
    const content = "白日依山尽，黄河入海流。The sun sets behind the hills. ".repeat(260_000);
    const before = process.cpuUsage();
    const [encoded] = await encodeConversations(both(content), tokenizer, own, {
      maxSeqLength: 1024,
    });
    const { user, system } = process.cpuUsage(before);
    // Encoding all of it takes about 20 s of processor time, whatever else the machine does.
    expect((user + system) / 1e6).toBeLessThan(10);
    expect(encoded!.inputIds).toHaveLength(1024);
    expect(encoded!.fullLength).toBeGreaterThan(3_000_000);
  });
});

test("which tokenizers cut text into words first", () => {
  const digits = { type: "Digits", individual_digits: true };
  const byteLevel = { type: "ByteLevel", use_regex: false };
  expect(
    [null, undefined, byteLevel, { type: "Metaspace", split: false }].map(cutsIntoWords),
  ).toEqual([false, false, false, false]);
  const sequence = { type: "Sequence", pretokenizers: [digits, byteLevel] };
  expect([sequence, { type: "Metaspace" }, { type: "ByteLevel" }].map(cutsIntoWords)).toEqual([
    true,
    true,
    true,
  ]);
});
