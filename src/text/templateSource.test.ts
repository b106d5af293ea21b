import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { loadTokenizer } from "./loadTokenizer.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { textOf } from "./segmentText.js";
import { chatTemplateJinja, writeTemplateSource } from "./templateSource.js";
import { byteTokenizer, chatmlJinja } from "./testTokenizers.js";
import type { Message, TemplateVariables } from "./types.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-source-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const byteDirectory = fileURLToPath(
  new URL("../../test/parity/fixtures/text/tiny-bytelevel", import.meta.url),
);

const question: Message[] = [{ role: "user", content: "Hi" }];
const asked = { addGenerationPrompt: true, promptOnly: true };

/** A tokenizer from a folder to which files are added. */
async function withFiles(name: string, files: Record<string, string>) {
  const folder = join(work, name);
  (await loadTokenizer(byteDirectory)).save(folder);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(folder, file, ".."), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return loadTokenizer(folder);
}

async function saved(
  tokenizer: Awaited<ReturnType<typeof withFiles>>,
  template: { name: string; variables?: TemplateVariables },
) {
  const folder = join(work, `${tokenizer.name} saved`);
  tokenizer.save(folder);
  const notes = writeTemplateSource(folder, template, tokenizer);
  return { folder, notes, tokenizer: await loadTokenizer(folder) };
}

test("a named template takes the place of the model's own in every file that has one", async () => {
  const config = JSON.stringify({
    eos_token: "<|end|>",
    chat_template: [
      { name: "default", template: "old" },
      { name: "tool_use", template: "old with tools" },
    ],
  });
  const before = await withFiles("named", {
    "chat_template.jinja": "older",
    "tokenizer_config.json": config,
    "chat_template.json": '{"chat_template": "oldest"}',
    "additional_chat_templates/tool_use.jinja": "older with tools",
    "additional_chat_templates/rag.jinja": "with documents",
  });
  const { tokenizer, notes, folder } = await saved(before, { name: "zephyr" });
  const source = tokenizer.chatTemplates.get("default")!;
  expect(notes).toEqual([]);
  expect([...tokenizer.chatTemplates.keys()].toSorted()).toEqual(["default", "rag"]);
  for (const file of ["tokenizer_config.json", "chat_template.json"]) {
    const { chat_template } = JSON.parse(readFileSync(join(folder, file), "utf8"));
    expect(chat_template).toBe(source);
  }
  const rendered = resolveChatTemplate(undefined, tokenizer).render(question, asked);
  expect(textOf(rendered)).toBe("<|user|>\nHi<|end|>\n<|assistant|>\n");
  expect(tokenizer.templateNotes).toEqual([]);
});

test("variables of the configuration become defaults, of the template for tools too", async () => {
  const jinja = (mark: string) =>
    `${mark}{{ flag }}{{ tone.kind }}{{ list | length }}{{ gone is none }}{% for m in messages %}{{ m.content }}{% endfor %}`;
  const before = await withFiles("variables", {
    "chat_template.jinja": jinja(""),
    "additional_chat_templates/tool_use.jinja": jinja("tools "),
  });
  const variables = { flag: false, tone: { kind: "it's" }, list: [1, 2.5], gone: null };
  const { tokenizer } = await saved(before, { name: "tokenizer", variables });
  const template = resolveChatTemplate(undefined, tokenizer);
  expect(textOf(template.render(question, asked))).toBe("Falseit's2TrueHi");
  const tools = { ...asked, tools: [{ type: "function", function: { name: "stop" } }] };
  expect(textOf(template.render(question, tools))).toBe("tools Falseit's2TrueHi");
  const given = { ...asked, variables: { flag: true } };
  expect(textOf(template.render(question, given))).toBe("Trueit's2TrueHi");
});

test("the model's own template stays as it is, and one of its further ones becomes the default", async () => {
  const before = await withFiles("own", {
    "chat_template.jinja": "one",
    "additional_chat_templates/other.jinja": "two",
    "additional_chat_templates/tool_use.jinja": "three",
  });
  const same = await saved(before, { name: "tokenizer" });
  expect([...same.tokenizer.chatTemplates]).toEqual([...before.chatTemplates]);
  const chosen = await saved(before, { name: "tokenizer:other" });
  expect(chosen.tokenizer.chatTemplates.get("default")).toBe("two");
  expect(chosen.tokenizer.chatTemplates.has("tool_use")).toBe(false);
});

test("what Jinja cannot say, wholly or at all, is said", async () => {
  const before = await withFiles("ids", {});
  const { folder, notes } = await saved(before, { name: "firefly-classic" });
  expect(notes).toEqual([expect.stringContaining("written as token ids")]);
  expect(readFileSync(join(folder, "chat_template.jinja"), "utf8")).toBe(
    before.chatTemplates.get("default"),
  );
  const parts = chatTemplateJinja({ name: "firefly-qwen" }, before);
  expect(parts).toEqual({ source: expect.any(String), note: expect.stringContaining("in parts") });
  expect(chatTemplateJinja({ name: "plain" }, before)).toEqual({});
  expect(chatTemplateJinja({ name: "tokenizer" }, byteTokenizer())).toEqual({});
  expect(chatTemplateJinja({ name: "tokenizer" }, byteTokenizer([], chatmlJinja))).toEqual({
    source: chatmlJinja,
  });
});

test("marks that labels are found by are left out", () => {
  const { source } = chatTemplateJinja({ name: "glm4" }, byteTokenizer());
  expect(source).not.toContain("generation %}");
});
