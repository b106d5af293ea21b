/**
 * Exported folders: Baichuan and InternLM2 as Llamas have their own logits, and transformers, where there is one, loads every family
 * and computes what is computed here. A Python with it is made by bench/peers/setup.sh.
 */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportSafetensors } from "../../src/cli/export/safetensors.js";
import type { ExportFlags } from "../../src/cli/export/writeForm.js";
import { locateModel } from "../../src/generate/index.js";
import { writeTestModel } from "../../src/generate/testModel.js";
import { layeredLogits } from "../../src/lora/index.js";
import { liveTensors, tidy } from "../../src/tensor/index.js";
import { encodePrompt, loadTokenizer, resolveChatTemplate } from "../../src/text/index.js";
import { fixture, fixtureTensors } from "./fixtures.js";
import { peersPython } from "./peersPython.js";
import { runPython } from "./pythonTrackers.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-exported-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const ids = [3, 9, 27, 4, 12, 60, 1, 33];
const families = ["families", "experts"]
  .flatMap((topic) => readdirSync(fixture(topic)).map((name) => `${topic}/${name}`))
  .filter((name) => existsSync(fixture(`${name}/model`)));
const packed = families.filter((name) => name.startsWith("families/baichuan"));
const llamas = [
  ...packed.filter((name) => name.endsWith("7b")),
  ...families.filter((name) => path.basename(name).startsWith("internlm2")),
];

/** Exports a model and returns the folder with what was said. */
async function exported(model: string, flags: Partial<ExportFlags> = {}) {
  const before = liveTensors();
  const out = path.join(mkdtempSync(path.join(work, "out-")), "model");
  const said: string[] = [];
  const defaults = { adapter: [], maxShardSize: 20_000, compare: false, force: false };
  const given = { ...defaults, to: "safetensors", model, out, ...flags };
  const place = await locateModel(model, given.adapter);
  const { json } = await exportSafetensors(place, given, (line) => said.push(line));
  expect(liveTensors(), "tensors left alive").toBe(before);
  return { out, said, json };
}

function logitsOf(model: string, adapters: readonly string[] = []): number[] {
  return tidy(() => {
    const logits = layeredLogits(model, adapters, [Int32Array.from(ids)]);
    return [...new Float32Array(logits.bytes().slice().buffer)];
  });
}

function expectSame(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
  expect(worst / largest, what).toBeLessThan(2e-5);
}

describe.each(llamas)("%s as a Llama", (name) => {
  it.each(["alone", "adapted"])("has the logits of the model, %s", async (how) => {
    const model = fixture(`${name}/model`);
    const adapter = how === "adapted" ? [fixture(`${name}/adapter`)] : [];
    const { out, json } = await exported(model, {
      as: "llama",
      adapter,
      compare: true,
      dtype: "float32",
    });
    expectSame(logitsOf(out), logitsOf(model, adapter), name);
    expect(json.comparison).toMatchObject({ same_choice: 64 });
    const config = JSON.parse(readFileSync(path.join(out, "config.json"), "utf8"));
    expect(config).toMatchObject({ model_type: "llama", architectures: ["LlamaForCausalLM"] });
    for (const key of ["auto_map", "z_loss_weight", "tokenizer_class"]) {
      expect(config).not.toHaveProperty(key);
    }
  });
});

describe("--as llama", () => {
  it("is refused for positions and families that Llama does not have", async () => {
    const refusal = (name: string) => exported(fixture(`${name}/model`), { as: "llama" });
    await expect(refusal("families/baichuan2-13b")).rejects.toThrow(/cannot be written as a Llama/);
    await expect(refusal("families/qwen2")).rejects.toThrow(
      /qwen2 models cannot be written as Llamas/,
    );
  });

  it("names a tokenizer that needs no code, with the same ids", async () => {
    const model = path.join(work, "baichuan");
    cpSync(fixture("families/baichuan2-7b/model"), model, { recursive: true });
    cpSync(fixture("tokenizers/bpe.model"), path.join(model, "tokenizer.model"));
    const map = { AutoTokenizer: ["tokenization_baichuan.BaichuanTokenizer", null] };
    const settings = { add_bos_token: false, auto_map: map, tokenizer_class: "BaichuanTokenizer" };
    writeFileSync(path.join(model, "tokenizer_config.json"), JSON.stringify(settings));
    writeFileSync(path.join(model, "tokenization_baichuan.py"), "raise SystemExit\n");
    const { out, said } = await exported(model, { as: "llama" });
    expect(said.join("\n")).toMatch(/named LlamaTokenizer/);
    expect(readdirSync(out).filter((file) => file.endsWith(".py"))).toEqual([]);
    const [before, after] = [await loadTokenizer(model), await loadTokenizer(out)];
    for (const text of ["Hello, world!", "  two  12\n\n3", "你好，世界 ab<reserved_1>中", "😀\t"]) {
      const options = { addSpecialTokens: true };
      expect(await after.encode(text, options)).toEqual(await before.encode(text, options));
    }
    const plain = await exported(model);
    expect(readdirSync(plain.out)).toContain("tokenization_baichuan.py");
  });
});

/** Whether only Python files of the model's own know its family. */
function needsCode(model: string): boolean {
  return "auto_map" in JSON.parse(readFileSync(path.join(model, "config.json"), "utf8"));
}

interface Loaded {
  missing: string[];
  unexpected: string[];
  class: string;
  eos: number | number[] | null;
  logits: number[][];
  text: { ids: number[][]; chat: number[] | null } | null;
}

const python = peersPython();

describe.skipIf(python === undefined)("transformers loads what is exported", () => {
  const texts = ["Hello, world!", "  1 + 2 = 3", "一丁七 abc", "<s>x</s>"];
  const messages = [
    { role: "user" as const, content: "hi 一" },
    { role: "assistant" as const, content: "yes" },
    { role: "user" as const, content: "go on" },
  ];
  const chat =
    "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<s>{% endif %}";
  const expected = new Map<string, { name: string; logits: number[]; ids: number[] }>();
  const talking = writeTestModel({ generation: { temperature: 0.7, eos_token_id: [2, 5] } });
  let results: Record<string, Loaded> = {};
  let talked = "";

  beforeAll(async () => {
    for (const name of families) {
      const model = fixture(`${name}/model`);
      const as = llamas.includes(name) ? ("llama" as const) : undefined;
      if (needsCode(model) && as === undefined) continue;
      for (const adapter of [[], [fixture(`${name}/adapter`)]]) {
        const { out } = await exported(model, { adapter, dtype: "float32", ...(as && { as }) });
        const logits = logitsOf(model, adapter);
        expected.set(out, { name: `${name} ${adapter.length}`, logits, ids });
      }
    }
    const { cases, ids: row } = JSON.parse(
      readFileSync(fixture("adapters/cases.json"), "utf8"),
    ) as {
      cases: { name: string; base: string }[];
      ids: number[];
    };
    for (const { name, base } of cases) {
      const adapter = [fixture(`adapters/${name}`)];
      const { out } = await exported(fixture(`model/${base}`), { adapter, dtype: "float32" });
      // PEFT's own, of the adapter beside the model.
      const { values } = fixtureTensors(`adapters/${name}.safetensors`).get("logits")!;
      expected.set(out, { name: `adapter ${name}`, logits: [...values], ids: row });
    }
    writeFileSync(path.join(talking, "chat_template.jinja"), chat);
    talked = (await exported(talking)).out;
    expected.set(talked, { name: "talking", logits: logitsOf(talking), ids });
    const input = path.join(work, "input.json");
    const rows = [...expected].map(([directory, { ids: own }]) => [directory, own]);
    writeFileSync(
      input,
      JSON.stringify({ texts, messages, directories: Object.fromEntries(rows) }),
    );
    const script = path.join(import.meta.dirname, "check_exported.py");
    results = (await runPython(python!, script, [input])) as typeof results;
  });

  it("with every weight in its place, and the same logits", () => {
    expect(expected.size).toBeGreaterThan(40);
    for (const [out, { name, logits }] of expected) {
      const { missing, unexpected, logits: theirs } = results[out]!;
      expect({ name, missing, unexpected }).toEqual({ name, missing: [], unexpected: [] });
      expectSame(theirs.flat(), logits, name);
    }
  });

  it("with tokenizer, chat template and settings of generation", async () => {
    const { text, eos } = results[talked]!;
    const tokenizer = await loadTokenizer(talked);
    const ours = await Promise.all(texts.map((one) => tokenizer.encode(one)));
    expect(text!.ids).toEqual(ours.map((one) => [...one]));
    expect([eos].flat().sort()).toEqual([2, 5]);
    const template = resolveChatTemplate(undefined, tokenizer);
    expect(text!.chat).toEqual([...(await encodePrompt(messages, tokenizer, template))]);
    rmSync(talking, { recursive: true, force: true });
  });
});
