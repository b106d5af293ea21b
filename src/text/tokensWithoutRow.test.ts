import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseJson, stringifyJson } from "../util/json/index.js";
import { checkTemplateRows, checkTokenIds } from "./checks.js";
import { encodeConversation } from "./encodeConversation.js";
import { loadTokenizer } from "./loadTokenizer.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { sentencePieceDirectory } from "./testTokenizers.js";
import { vocabularyNotes } from "./textNotes.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-rows-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Rows of the embedding: the ids of the plain tokenizer are 0 to 579. */
const rows = 580;
const text = "前 <pad> 后, a<pad>b 12";
const pad = {
  content: "<pad>",
  lstrip: false,
  normalized: false,
  rstrip: false,
  single_word: false,
};
const read = (folder: string, file: string) =>
  parseJson(readFileSync(join(folder, file), "utf8")) as Record<string, unknown>;
const plainConfig = read(sentencePieceDirectory, "tokenizer_config.json");
const plainJson = read(sentencePieceDirectory, "tokenizer.json");

/** A folder of the plain tokenizer with these files in place of its own. */
function folderWith(name: string, files: Readonly<Record<string, object>>): string {
  const folder = join(work, name);
  cpSync(sentencePieceDirectory, folder, { recursive: true });
  for (const [file, value] of Object.entries(files)) {
    writeFileSync(join(folder, file), stringifyJson(value));
  }
  return folder;
}

const trap = { "added_tokens.json": { "<pad>": 580 } };
const folders: [string, string][] = [
  ["added_tokens.json", folderWith("added", trap)],
  [
    "special_tokens_map.json too",
    folderWith("map", {
      ...trap,
      "special_tokens_map.json": { pad_token: pad, eos_token: "</s>" },
    }),
  ],
  [
    "tokenizer_config.json",
    folderWith("config", {
      "tokenizer_config.json": {
        ...plainConfig,
        pad_token: "<pad>",
        extra_special_tokens: ["<pad>"],
      },
    }),
  ],
  [
    "added_tokens_decoder",
    folderWith("decoder", {
      "tokenizer_config.json": {
        ...plainConfig,
        added_tokens_decoder: { "2": { ...pad, content: "</s>", special: true }, "580": pad },
      },
    }),
  ],
  [
    "tokenizer.json",
    folderWith("json", {
      "tokenizer.json": {
        ...plainJson,
        added_tokens: [...(plainJson.added_tokens as object[]), { ...pad, id: 580, special: true }],
      },
    }),
  ],
];

describe.each(folders)("a token beyond the embedding by %s", (_, folder) => {
  const source = { file: "rows.jsonl", line: 3 };
  const messages = [
    { role: "user" as const, content: text },
    { role: "assistant" as const, content: "good" },
  ];

  test("is named, and refused with file and line where a row spells it", async () => {
    const tokenizer = await loadTokenizer(folder, { embeddingRows: rows });
    expect(tokenizer.tokensWithoutRow).toEqual([{ text: "<pad>", id: 580 }]);
    expect(vocabularyNotes(tokenizer)).toEqual([
      expect.stringMatching(/<pad> the id 580.*580 rows/),
    ]);
    const template = resolveChatTemplate("firefly-classic", tokenizer);
    const encode = async (specialTokensInText: "error" | "token") => {
      const options = { specialTokensInText };
      const encoded = await encodeConversation({ messages, source }, tokenizer, template, options);
      checkTokenIds(encoded, rows, tokenizer);
    };
    for (const mode of ["error", "token"] as const) {
      await expect(encode(mode)).rejects.toMatchObject({
        message: expect.stringMatching(/^rows\.jsonl:3: .*<pad>/),
        todo: expect.stringContaining("fix_added_tokens"),
      });
    }
  });

  test("is ordinary text with fixAddedTokens, also in the files that are saved", async () => {
    const before = read(folder, "tokenizer_config.json");
    const plain = await loadTokenizer(sentencePieceDirectory);
    const fixed = await loadTokenizer(folder, { embeddingRows: rows, fixAddedTokens: true });
    const saved = join(work, `saved of ${_}`);
    fixed.save(saved);
    expect(read(folder, "tokenizer_config.json")).toEqual(before);
    const again = await loadTokenizer(saved, { embeddingRows: rows });
    expect(again.tokensWithoutRow).toEqual([]);
    for (const tokenizer of [fixed, again]) {
      expect(tokenizer.vocabSize).toBe(rows);
      expect(await tokenizer.encode(text)).toEqual(await plain.encode(text));
      expect(tokenizer.tokenToId("<pad>")).toBeUndefined();
      expect(tokenizer.padTokenId).toBeUndefined();
      expect(tokenizer.eosTokenId).toBe(2);
      expect(tokenizer.addedTokens).toEqual(plain.addedTokens);
    }
    const { model_max_length: length } = read(saved, "tokenizer_config.json");
    expect(length).toBe(1000000000000000019884624838656n);
  });
});

test("the end of texts and what a template writes cannot become ordinary text", async () => {
  const ending = { ...plainConfig, eos_token: "<end>" };
  const folder = folderWith("end", { "tokenizer_config.json": ending });
  const fix = { embeddingRows: rows, fixAddedTokens: true };
  await expect(loadTokenizer(folder, fix)).rejects.toThrow(/<end>/);
  const turn = { ...plainConfig, extra_special_tokens: ["<|end|>"], chat_template: "x<|end|>" };
  for (const fixAddedTokens of [true, false]) {
    const tokenizer = await loadTokenizer(folderWith("turn", { "tokenizer_config.json": turn }), {
      ...fix,
      fixAddedTokens,
    });
    const template = resolveChatTemplate(undefined, tokenizer);
    expect(() => checkTemplateRows(template, tokenizer)).toThrow(/writes <\|end\|>/);
  }
});

test("where all tokens have rows, the fix is said to have no effect", async () => {
  const options = { embeddingRows: rows, fixAddedTokens: true };
  const tokenizer = await loadTokenizer(sentencePieceDirectory, options);
  expect(vocabularyNotes(tokenizer)).toEqual([expect.stringContaining("no effect")]);
});
