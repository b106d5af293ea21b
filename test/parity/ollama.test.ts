/**
 * Modelfiles for Ollama: their templates write what ours write, in Go's own engine where there is a Go, and are read back by
 * the rules of Ollama's parser.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelfile } from "../../src/cli/export/modelfile.js";
import { ollamaTemplate } from "../../src/cli/export/ollamaTemplate.js";
import {
  chatTemplateNames,
  conversationText,
  goTemplate,
  loadTokenizer,
  type Message,
  resolveChatTemplate,
  type Tokenizer,
  type TurnTexts,
} from "../../src/text/index.js";
import { fixture } from "./fixtures.js";

const folders = ["tiny-sentencepiece", "tiny-bytelevel", "marked-bytelevel"].map((name) =>
  fixture(`text/${name}`),
);
const tokenizers = await Promise.all(folders.map((folder) => loadTokenizer(folder)));

/** Every template that goes with one of the tokenizers. */
const templates = chatTemplateNames.flatMap((name) => {
  for (const tokenizer of tokenizers) {
    try {
      return [{ name, tokenizer, template: resolveChatTemplate(name, tokenizer) }];
    } catch {
      // It needs tokens that this tokenizer lacks.
    }
  }
  return [];
});

const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({ role: "assistant", content });
const turns = [
  user("你好 {{ .X }}"),
  assistant('"""a\n\n'),
  user("<b> 1\n"),
  assistant("c"),
  user("d"),
];
const conversations = [
  turns.slice(0, 1),
  turns.slice(0, 3),
  turns,
  [{ role: "system" as const, content: "Be 简短.\n" }, ...turns],
];

const written = await Promise.all(
  templates.map(async ({ name, tokenizer, template }) => {
    const { source, notes } = await ollamaTemplate({ tokenizer, template });
    return { name, tokenizer, template, source, notes: notes.join("\n") };
  }),
);

/** Whether the tokenizer puts its start token before every text, so that Ollama does it too. */
async function withStart(tokenizer: Tokenizer, text: string): Promise<string> {
  const [first] = await tokenizer.encode("a", { addSpecialTokens: true });
  const start = tokenizer.bosToken!;
  return first === tokenizer.bosTokenId && text.startsWith(start) ? text.slice(start.length) : text;
}

function go(requests: readonly { template: string; messages: readonly Message[] }[]): string[] {
  const program = join(import.meta.dirname, "ollama_template.go");
  const { stdout, stderr, status } = spawnSync("go", ["run", program], {
    input: JSON.stringify(requests),
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout) as string[];
}

const hasGo = spawnSync("go", ["version"]).status === 0;
if (!hasGo) console.warn("skipped: there is no go to render templates with");

describe("a template in Go's language", () => {
  it("is there for the formats that write fixed texts around messages", () => {
    const without = written.filter(({ source }) => source === undefined).map(({ name }) => name);
    expect(without).toMatchInlineSnapshot(`
      [
        "mistral-v3",
        "mistral-v3-tekken",
      ]
    `);
    expect(written.length - without.length).toBeGreaterThan(30);
  });

  it.skipIf(!hasGo)("writes what the template writes", async () => {
    const requests = written.flatMap(({ source, template, tokenizer, notes }) =>
      conversations.flatMap((messages) => {
        const hasSystem = messages[0]!.role === "system";
        if (source === undefined || (hasSystem && /has no system message/.test(notes))) return [];
        const trims = /cuts white space/.test(notes);
        const given = messages.map(({ role, content }) => ({
          role,
          content: trims ? content.trim() : content,
        }));
        return [{ template: source, messages: given, ours: template, tokenizer }];
      }),
    );
    const texts = go(requests);
    for (const [i, { ours, tokenizer, messages }] of requests.entries()) {
      const expected = conversationText(ours, tokenizer, messages);
      expect(texts[i], ours.name).toBe(await withStart(tokenizer, expected));
    }
  });

  it.skipIf(!hasGo)("says texts that Go or a Modelfile would read otherwise", () => {
    const odd = '{{ x }} """ \u3000\t\u200b\r \\n "';
    const texts: TurnTexts = {
      opening: odd,
      system: [`a${odd}`, odd],
      answer: odd,
      next: `"${odd}`,
      prompt: `${odd}!`,
      trims: false,
    };
    const settings = { from: "./a", stop: [], contextLength: 64, generation: {} };
    const text = modelfile({ ...settings, template: goTemplate(texts) });
    const template = parseModelfile(text).find(([name]) => name === "TEMPLATE")![1];
    const [plain, full] = go([
      { template, messages: turns.slice(0, 1) },
      { template, messages: [{ role: "system", content: "s" }, ...turns.slice(2)] },
    ]);
    expect(plain).toBe(`${odd}${turns[0]!.content}${odd}!`);
    expect(full).toBe(`a${odd}s${odd}<b> 1\n${odd}c"${odd}d${odd}!`);
  });
});

/**
 * Instructions and values by the rules of Ollama's parser: a value goes to the end of its line, or of its quotes; characters
 * that Go does not count as printable are dropped.
 */
function parseModelfile(text: string): [string, string][] {
  const found: [string, string][] = [];
  const printable = text.replace(/[^\P{C}\n]|(?! )\p{Z}/gu, "");
  const instruction = /(?<name>[A-Z]+) (?<rest>(?:\w+ )?"""[\s\S]*?"""(?=\n)|[^\n]*)\n/gy;
  for (const { groups } of printable.matchAll(instruction)) {
    const { name = "", rest = "" } = groups ?? {};
    const [, parameter, value = rest] =
      name === "PARAMETER" ? (/^(\w+) (.*)$/s.exec(rest) ?? []) : [];
    const [, long, short] = /^(?:"""([\s\S]*)"""|"(.*)")$/.exec(value) ?? [];
    found.push([parameter ?? name, long ?? short ?? value]);
  }
  const length = [...printable.matchAll(instruction)].reduce((sum, [all]) => sum + all.length, 0);
  expect(length, "characters that are no instruction").toBe(printable.length);
  return found;
}

describe("a Modelfile", () => {
  it("is read back with the values that it was written with", () => {
    const template = "a\n\n{{ .System }} \n";
    const text = modelfile({
      from: "./model.gguf",
      template,
      stop: ["<|im_end|>", 'a "b"', "x\n"],
      contextLength: 4096,
      generation: { temperature: 0.3, topK: 5, topP: 0.85, repetitionPenalty: 1.05 },
    });
    expect(parseModelfile(text)).toEqual([
      ["FROM", "./model.gguf"],
      ["TEMPLATE", template],
      ["stop", "<|im_end|>"],
      ["stop", 'a "b"'],
      ["stop", "x\n"],
      ["num_ctx", "4096"],
      ["temperature", "0.3"],
      ["top_k", "5"],
      ["top_p", "0.85"],
      ["repeat_penalty", "1.05"],
    ]);
  });

  it("leaves to Ollama what the model leaves open", () => {
    const settings = { from: "./a.gguf", template: undefined, stop: [] };
    const text = modelfile({ ...settings, contextLength: 131072, generation: { temperature: 0 } });
    expect(text).toBe("FROM ./a.gguf\nPARAMETER num_ctx 8192\n");
  });
});
