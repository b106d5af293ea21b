import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadTokenizer } from "./loadTokenizer.js";
import { sentencePieceDirectory } from "./testTokenizers.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-new-tokens-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const config = JSON.parse(
  readFileSync(join(sentencePieceDirectory, "tokenizer_config.json"), "utf8"),
);
const folders: [string, Readonly<Record<string, object>>][] = [
  ["nothing more", {}],
  ["added_tokens.json", { "added_tokens.json": { "<b>": 581, "<a>": 580 } }],
  ["named tokens", { "tokenizer_config.json": { ...config, pad_token: "<pad>", x_token: "<x>" } }],
  [
    "added_tokens_decoder",
    {
      "tokenizer_config.json": {
        ...config,
        added_tokens_decoder: { "580": { content: "<z>", special: true } },
      },
    },
  ],
];

test.each(folders)("come behind all tokens of a folder with %s", async (name, files) => {
  const folder = join(work, name);
  cpSync(sentencePieceDirectory, folder, { recursive: true });
  for (const [file, value] of Object.entries(files)) {
    writeFileSync(join(folder, file), JSON.stringify(value));
  }
  const before = await loadTokenizer(folder);
  const texts = ["<tool>", "<tool>end"];
  const after = await loadTokenizer(folder, { newTokens: texts });
  const saved = join(work, `${name} saved`);
  after.save(saved);
  for (const tokenizer of [after, await loadTokenizer(saved)]) {
    expect(tokenizer.vocabSize).toBe(before.vocabSize + 2);
    for (let id = 0; id < before.vocabSize; id++) {
      expect(tokenizer.idToToken(id)).toBe(before.idToToken(id));
    }
    expect([...tokenizer.specialTokenIds]).toEqual([...before.specialTokenIds]);
    const ids = [...(await tokenizer.encode("a<tool>endb <tool>"))];
    expect(ids).toContain(before.vocabSize);
    expect(ids).toContain(before.vocabSize + 1);
    expect(tokenizer.decode(ids)).toBe("a<tool>endb <tool>");
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe("a<tool>endb <tool>");
  }
});
