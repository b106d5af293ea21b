/** Added and special tokens, from all the files that name them, as transformers counts them. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { tokensOf } from "../../src/text/addedTokens.js";
import { loadTokenizer } from "../../src/text/index.js";
import { readTokenizerDirectory } from "../../src/text/tokenizerDirectory.js";
import type { AddedToken } from "../../src/text/tokenizerFiles.js";
import { readPackedJson } from "../packedJson.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));

interface Case {
  base: string;
  name: string;
  /** Keys that files get; `tokens` of tokenizer.json. */
  changes: Record<string, Record<string, unknown>> & { tokens?: AddedToken[] };
  /** Id, text and first letters but one of the flags that are set. */
  added: [number, string, string][];
  named: Record<string, string>;
  ids: number[][];
  skipped: string[];
}
const { texts, cases }: { texts: string[]; cases: Case[] } = readPackedJson(
  join(fixtures, "added-tokens.json.gz"),
);

const folder = mkdtempSync(join(tmpdir(), "tunewright-tokens-"));
afterAll(() => rmSync(folder, { recursive: true }));

const flags = ["special", "single_word", "lstrip", "rstrip", "normalized"] as const;

function directoryOf({ base, name, changes }: Case): string {
  const directory = join(folder, `${base}-${name}`);
  cpSync(join(fixtures, base), directory, { recursive: true });
  const read = (path: string) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {});
  const { tokens = [], ...files } = changes;
  const path = join(directory, "tokenizer.json");
  const json = read(path);
  const byText = new Map(
    [...json.added_tokens, ...tokens].map((token: AddedToken) => [token.content, token]),
  );
  writeFileSync(path, JSON.stringify({ ...json, added_tokens: [...byText.values()] }));
  for (const [file, keys] of Object.entries(files)) {
    const own = join(directory, file);
    writeFileSync(own, JSON.stringify({ ...read(own), ...keys }));
  }
  return directory;
}

test.each(cases.map((one) => [one.base, one.name, one] as const))(
  "%s: %s",
  async (...[, , one]) => {
    const directory = directoryOf(one);
    const tokens = tokensOf(readTokenizerDirectory(directory));
    const added = tokens.added
      .map((token) => {
        const set = flags.filter((flag) => token[flag]).map((flag) => flag[1]);
        return [token.id, token.content, set.join("")];
      })
      .sort((a, b) => Number(a[0]) - Number(b[0]));
    expect(added).toEqual(one.added);
    expect(Object.fromEntries(tokens.named)).toEqual(one.named);
    const tokenizer = await loadTokenizer(directory);
    for (const [index, text] of texts.entries()) {
      const ids = [...(await tokenizer.encode(text, { addSpecialTokens: true }))];
      expect(ids, text).toEqual(one.ids[index]);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(one.skipped[index]);
    }
    const saved = join(directory, "saved");
    tokenizer.save(saved);
    const again = tokensOf(readTokenizerDirectory(saved));
    expect(again).toEqual(tokens);
  },
);
