import { expect, test } from "vitest";
import { loadTokenizer } from "./loadTokenizer.js";
import { byteTokenizer, sentencePieceDirectory } from "./testTokenizers.js";

test("a character appears only when its last byte has come", () => {
  const stream = byteTokenizer().decodeStream();
  const bytes = [...Buffer.from("a你😀b")];
  expect(bytes.map((byte) => stream.push(byte))).toEqual([
    "a",
    "",
    "",
    "你",
    "",
    "",
    "",
    "😀",
    "b",
  ]);
  expect(stream.flush()).toBe("");
});

test("bytes that never become a character come out at the end", () => {
  const stream = byteTokenizer().decodeStream();
  expect(stream.push(0xe4)).toBe("");
  expect(stream.push(0xbd)).toBe("");
  expect(stream.flush()).toBe("\ufffd");
  expect(stream.push(0x41)).toBe("A");
});

test("a replacement character in the text itself is not lost", () => {
  const stream = byteTokenizer().decodeStream();
  const out = [...Buffer.from("x\ufffdy")].map((byte) => stream.push(byte)).join("");
  expect(out + stream.flush()).toBe("x\ufffdy");
});

test("endless invalid bytes are shown in time and do not slow decoding down", () => {
  const stream = byteTokenizer().decodeStream();
  let out = "";
  for (let index = 0; index < 1000; index++) out += stream.push(0xff);
  expect(out.length).toBeGreaterThan(900);
});

test("special tokens are left out on request, in any number", () => {
  const tokenizer = byteTokenizer();
  const stream = tokenizer.decodeStream({ skipSpecialTokens: true });
  const end = tokenizer.eosTokenId!;
  let out = "";
  for (const id of [72, ...Array<number>(100).fill(end), 105]) out += stream.push(id);
  expect(out + stream.flush()).toBe("Hi");
});

test("streams of any ids join to what decoding at once gives", async () => {
  const tokenizer = await loadTokenizer(sentencePieceDirectory);
  let state = 1;
  for (let round = 0; round < 50; round++) {
    const ids = Array.from({ length: 40 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return 259 + (state % (tokenizer.vocabSize - 259));
    });
    const stream = tokenizer.decodeStream();
    const out = ids.map((id) => stream.push(id)).join("") + stream.flush();
    expect(out).toBe(tokenizer.decode(ids));
  }
});
