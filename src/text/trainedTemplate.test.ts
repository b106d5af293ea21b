import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fireflyTemplateName, templateForms } from "./templateForms.js";
import { byteTokenizer } from "./testTokenizers.js";
import {
  checkTrainedTemplate,
  readTrainedTemplate,
  writeTrainedTemplate,
} from "./trainedTemplate.js";

const folder = mkdtempSync(join(tmpdir(), "tunewright-template-"));
afterAll(() => rmSync(folder, { recursive: true }));
const tokenizer = byteTokenizer();
const store = (text: string) => writeFileSync(join(folder, "tunewright.json"), text);

test("a name that is written is read again, and may be gone on with", () => {
  for (const name of Object.keys(templateForms)) {
    writeTrainedTemplate(folder, { name }, tokenizer);
    expect(readTrainedTemplate(folder).name).toBe(name);
    checkTrainedTemplate(folder, name);
  }
});

test("the template's variables are kept", () => {
  writeTrainedTemplate(
    folder,
    { name: "tokenizer", variables: { enable_thinking: false } },
    tokenizer,
  );
  expect(readTrainedTemplate(folder).variables).toEqual({ enable_thinking: false });
});

test.each([
  ["llama2", "firefly-llama2"],
  ["baichuan", "firefly-baichuan"],
  ["chatml", "firefly-yi"],
])("%s, stored when it meant Firefly's format, is %s", (old, now) => {
  store(JSON.stringify({ template_name: old }));
  expect(readTrainedTemplate(folder).name).toBe(now);
  expect(() => checkTrainedTemplate(folder, old)).toThrow(
    expect.objectContaining({ todo: expect.stringContaining(`--template_name ${now}`) }),
  );
  checkTrainedTemplate(folder, now);
  expect(templateForms).toHaveProperty([now]);
});

test.each(["firefly-classic", "baichuan-official", "default", "tokenizer"])(
  "%s always meant the same",
  (name) => {
    store(JSON.stringify({ template_name: name }));
    expect(readTrainedTemplate(folder).name).toBe(name);
    checkTrainedTemplate(folder, name);
  },
);

test("a broken file is named", () => {
  store("{");
  expect(() => readTrainedTemplate(folder)).toThrow(/tunewright\.json: not valid JSON/);
});

test("Firefly's name of a format leads to it", () => {
  expect(["llama3", "qwen", "default", "other"].map(fireflyTemplateName)).toEqual([
    "firefly-llama3",
    "firefly-qwen",
    "default",
    "other",
  ]);
});
