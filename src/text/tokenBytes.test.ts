import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { builtinModelPath } from "../util/builtin-model.js";
import { loadTokenizer } from "./loadTokenizer.js";
import { byteTokenizer, sentencePieceDirectory } from "./testTokenizers.js";
import { tokenBytes } from "./tokenBytes.js";
import type { Tokenizer } from "./tokenizer.js";

const texts = ['{"a": [1, "ä龍😀\\n", null]}', " two  spaces\tand\nlines ", "½ <b>\u0001\u007f"];

async function expectSameBytes(tokenizer: Tokenizer): Promise<void> {
  const bytes = tokenBytes(tokenizer);
  for (const text of texts) {
    const ids = Array.from(await tokenizer.encode(text, { plain: true }));
    const joined = Buffer.concat(ids.map((id) => bytes[id] ?? Buffer.from("(special)"))).toString();
    // SentencePiece puts a space before a text, and takes one from it.
    expect([text, ` ${text}`]).toContain(joined);
    expect(joined.trimStart()).toBe(tokenizer.decode(ids).trimStart());
  }
  for (const id of tokenizer.specialTokenIds) expect(bytes[id]).toBeUndefined();
}

describe("the bytes of tokens are the text's", () => {
  it("in a byte-level vocabulary", async () => {
    await expectSameBytes(byteTokenizer(["a b", "Ã ¤"]));
  });
  it("in one of SentencePiece", async () => {
    await expectSameBytes(await loadTokenizer(sentencePieceDirectory));
  });
  it.skipIf(!existsSync(builtinModelPath()))("of the built-in model", async () => {
    await expectSameBytes(await loadTokenizer(builtinModelPath()));
  });
});
