import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { generationNotes, writeGenerationConfig } from "./generationConfig.js";
import { loadTokenizer } from "./loadTokenizer.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { sentencePieceDirectory } from "./testTokenizers.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-generation-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function written(name: string, generation: string | undefined, template: string | undefined) {
  const folder = join(work, name);
  cpSync(sentencePieceDirectory, folder, { recursive: true });
  if (generation !== undefined) writeFileSync(join(folder, "generation_config.json"), generation);
  const tokenizer = await loadTokenizer(folder);
  const resolved = template === undefined ? null : resolveChatTemplate(template, tokenizer);
  const out = join(work, `${name} saved`);
  tokenizer.save(out);
  writeGenerationConfig(out, tokenizer, resolved);
  return {
    text: readFileSync(join(out, "generation_config.json"), "utf8"),
    notes: resolved === null ? [] : generationNotes(tokenizer, resolved),
    ends: (await loadTokenizer(out)).eosTokenIds,
  };
}

test("the end of the template's turns is added to the model's own, and the rest stays", async () => {
  const given = '{"do_sample": true, "temperature": 1.0, "eos_token_id": 2}';
  const { text, notes, ends } = await written("chatml", given, "chatml");
  expect(JSON.parse(text)).toEqual({ do_sample: true, temperature: 1, eos_token_id: [579, 2] });
  expect(text).toContain('"temperature": 1.0');
  expect(notes).toEqual([expect.stringContaining("<|im_end|>")]);
  expect(ends).toEqual([2, 579]);
});

test("one that has it stays as it is, and a model without a file gets one", async () => {
  const listed = await written("listed", '{"eos_token_id": [2, 579]}', "chatml");
  expect(listed.notes).toEqual([]);
  expect(JSON.parse(listed.text).eos_token_id.toSorted()).toEqual([2, 579]);
  const none = await written("none", undefined, "firefly-classic");
  expect(none.notes).toEqual([expect.stringContaining("no chat_template.jinja can say")]);
  expect(JSON.parse(none.text)).toEqual({ eos_token_id: 2 });
  const plain = await written("plain", undefined, undefined);
  expect(JSON.parse(plain.text)).toEqual({ eos_token_id: 2 });
});
