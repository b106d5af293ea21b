/** Which chat templates a model's files hold and which is used, as transformers takes them. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import {
  loadTokenizer,
  resolveChatTemplate,
  type Tokenizer,
  templateNotes,
} from "../../src/text/index.js";
import { ConfigError } from "../../src/util/errors.js";
import type { JsonValue } from "../../src/util/json/index.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));

interface Case {
  name: string;
  files: Record<string, string>;
  config: Record<string, unknown>;
  templates: Record<string, string>;
  /** Without and with tools, and by each template's name; null: refused. */
  rendered: Record<string, string | null>;
}
const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(join(fixtures, "template-files.json"), "utf8"),
);

const folder = mkdtempSync(join(tmpdir(), "tunewright-templates-"));
afterAll(() => rmSync(folder, { recursive: true }));

function directoryOf({ name, files, config }: Pick<Case, "name" | "files" | "config">): string {
  const directory = join(folder, name);
  cpSync(join(fixtures, "tiny-sentencepiece"), directory, { recursive: true });
  const path = join(directory, "tokenizer_config.json");
  const own = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...own, ...config }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  return directory;
}

const tools: JsonValue[] = [{ type: "function", function: { name: "f", parameters: {} } }];

function render(tokenizer: Tokenizer, key: string): string {
  const name = key === "plain" || key === "tools" ? undefined : `tokenizer:${key}`;
  const segments = resolveChatTemplate(name, tokenizer).render(
    [{ role: "user", content: "q" }],
    key === "plain" ? { promptOnly: true } : { promptOnly: true, tools },
  );
  return segments.map((segment) => ("text" in segment ? segment.text : "")).join("");
}

test.each(cases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
  const directory = directoryOf(one);
  const tokenizer = await loadTokenizer(directory);
  expect(Object.fromEntries(tokenizer.chatTemplates)).toEqual(one.templates);
  for (const [key, expected] of Object.entries(one.rendered)) {
    if (expected === null) expect(() => render(tokenizer, key)).toThrow(ConfigError);
    else expect(render(tokenizer, key), key).toBe(expected);
  }
  const saved = join(folder, `${one.name} saved`);
  tokenizer.save(saved);
  for (const [file, text] of Object.entries(one.files)) {
    expect(readFileSync(join(saved, file), "utf8")).toBe(text);
  }
  expect((await loadTokenizer(saved)).chatTemplates).toEqual(tokenizer.chatTemplates);
});

describe("beside that", () => {
  const several = {
    "chat_template.jinja": "file",
    "additional_chat_templates/rag.jinja": "rag",
    "additional_chat_templates/chatml.jinja": "own chatml",
    "additional_chat_templates/notes.txt": "no template",
  };

  test("a further template is chosen by its name, which is stored whole", async () => {
    const path = directoryOf({ name: "several", files: several, config: {} });
    const tokenizer = await loadTokenizer(path);
    expect(resolveChatTemplate("rag", tokenizer).name).toBe("tokenizer:rag");
    const ours = resolveChatTemplate("chatml", tokenizer);
    expect(ours.name).toBe("chatml");
    expect(ours.notes).toEqual([expect.stringContaining("tokenizer:chatml")]);
    expect(resolveChatTemplate("tokenizer:chatml", tokenizer).name).toBe("tokenizer:chatml");
    expect(() => resolveChatTemplate("tokenizer:none", tokenizer)).toThrow(
      expect.objectContaining({ todo: expect.stringContaining("tokenizer:rag") }),
    );
    tokenizer.save(join(folder, "several saved"));
    expect(readdirSync(join(folder, "several saved", "additional_chat_templates"))).toEqual([
      "chatml.jinja",
      "rag.jinja",
    ]);
  });

  test("what is not used is said, where it differs", async () => {
    const config = {
      chat_template: [
        { name: "default", template: "file" },
        { name: "tool_use", template: "x" },
      ],
    };
    const path = directoryOf({
      name: "notes",
      files: { ...several, "chat_template.json": '{"chat_template": "y"}' },
      config,
    });
    const notes = templateNotes(resolveChatTemplate(undefined, await loadTokenizer(path)));
    expect(notes).toEqual([
      "tokenizer_config.json: its chat template tool_use is not used: a .jinja file wins, as in transformers.",
      "chat_template.json: its chat template default is not used: a .jinja file wins, as in transformers.",
    ]);
  });

  test("the processors' file counts where there is no other", async () => {
    const files = { "chat_template.json": '{"chat_template": "processor"}' };
    const path = directoryOf({ name: "processor", files, config: {} });
    expect(render(await loadTokenizer(path), "plain")).toBe("processor");
  });

  test("something else than templates is refused", async () => {
    const path = directoryOf({
      name: "wrong",
      files: {},
      config: { chat_template: [{ name: 1 }] },
    });
    await expect(loadTokenizer(path)).rejects.toThrow("chat_template is not a chat template");
  });
});
