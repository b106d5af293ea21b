/** Exports as GGUF: what is in the file, what is said, what is refused. */
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
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readGgufMetadata } from "../../format/index.js";
import { locateModel } from "../../generate/index.js";
import { testAdapter, writeTestModel } from "../../generate/testModel.js";
import { liveTensors } from "../../tensor/index.js";
import { byteAlphabet } from "../../text/byteLevel/index.js";
import { loadTokenizer } from "../../text/index.js";
import { exportForms } from "./forms.js";
import type { ExportFlags } from "./writeForm.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-export-gguf-"));
const model = writeTestModel({ generation: { eos_token_id: 2 } });
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});
/** Single bytes, without those above 124, for which the model has no rows. */
function writeByteTokenizer(directory: string): void {
  const file = path.join(directory, "tokenizer.json");
  const json = JSON.parse(readFileSync(file, "utf8"));
  const tokens = ["<pad>", "<s>", "</s>", ...byteAlphabet.slice(0, 125)];
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
  json.pre_tokenizer = { ...byteLevel, use_regex: true };
  json.decoder = json.pre_tokenizer;
  json.model.vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  writeFileSync(file, JSON.stringify(json));
}
writeByteTokenizer(model);

const place = (name: string) => path.join(work, name);

async function exported(out: string, flags: Partial<ExportFlags> = {}) {
  const before = liveTensors();
  const said: string[] = [];
  const defaults = { adapter: [], compare: true, force: false, to: "gguf" };
  const given = { ...defaults, model, out: place(out), ...flags };
  const write = await exportForms[given.to]!.load();
  const found = await locateModel(given.model, given.adapter);
  try {
    const report = await write(found, given, (line) => said.push(line));
    return { ...report, said: said.join("\n") };
  } finally {
    expect(liveTensors(), "tensors left alive").toBe(before);
  }
}

describe("export --to gguf", () => {
  it("writes weights, tokenizer and what the file is; logits are those of the rounded weights", async () => {
    const { json, lines } = await exported("plain.gguf", { type: "F32" });
    expect(json).toMatchObject({ type: "F32", weights: 21 });
    const { largest_difference: difference } = json.comparison as { largest_difference: number };
    expect(difference).toBeLessThan(1e-5);
    expect(lines[0]).toMatch(/plain\.gguf: 21 weights, /);
    const { values, tokenizer } = readGgufMetadata(place("plain.gguf"));
    expect(values.get("general.architecture")).toBe("llama");
    expect(values.get("general.file_type")).toBe(0);
    const [ours, theirs] = await Promise.all(
      [model, place("plain.gguf")].map((at) => loadTokenizer(at)),
    );
    const text = "Hello, world\n  1234 don't";
    expect(await theirs!.encode(text)).toEqual(await ours!.encode(text));
    expect(tokenizer?.eosTokenId).toBe(ours!.eosTokenId);
    const alone = place("alone");
    mkdirSync(alone);
    cpSync(place("plain.gguf"), path.join(alone, "model.gguf"));
    expect(await (await loadTokenizer(alone)).encode(text)).toEqual(await ours!.encode(text));
  });

  it("merges adapters", async () => {
    const { json, said } = await exported("adapter.gguf", { adapter: [testAdapter], type: "F32" });
    expect(said).toMatch(/merging .*lora\/adapter into/);
    const { largest_difference: off, largest_logit: size } = json.comparison as Record<
      string,
      number
    >;
    expect(off! / size!).toBeLessThan(1e-4);
  });

  it("says which types are not what was asked for", async () => {
    const { said } = await exported("small.gguf", { type: "Q4_K_M", compare: false });
    expect(said).toMatch(
      /tensors \(.*\): \S+ instead of Q4_K, since their rows are not whole blocks/,
    );
  });

  it("refuses names that are taken or say something else, and options of other forms", async () => {
    await expect(exported("model.bin")).rejects.toThrow(/does not end with .gguf/);
    writeFileSync(place("taken.gguf"), "mine");
    await expect(exported("taken.gguf")).rejects.toThrow(/taken.gguf exists/);
    mkdirSync(place("folder.gguf"));
    await expect(exported("folder.gguf", { force: true })).rejects.toThrow(/is a folder/);
    await expect(exported("a.gguf", { dtype: "float16" })).rejects.toThrow(
      /--dtype is for folders/,
    );
    await expect(exported("a.gguf", { maxShardSize: 1e9 })).rejects.toThrow(
      /--max-shard-size is for folders/,
    );
    await expect(exported("a.gguf", { as: "llama" })).rejects.toThrow(/--as is for folders/);
    await expect(exported("a", { to: "safetensors", type: "F16" })).rejects.toThrow(
      /--type is for/,
    );
    expect(readFileSync(place("taken.gguf"), "utf8")).toBe("mine");
    await exported("taken.gguf", { force: true, compare: false });
    const source = { model: place("taken.gguf"), force: true };
    await expect(exported("taken.gguf", source)).rejects.toThrow(/taken.gguf is .*taken.gguf/);
    expect(readdirSync(work).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("export --to ollama", () => {
  const jinja =
    "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant: {% endif %}";
  const file = path.join(model, "chat_template.jinja");

  it("writes weights, Modelfile and card, and replaces only such a folder", async () => {
    writeFileSync(file, jinja);
    const { json, lines } = await exported("ollama", { to: "ollama", adapter: [testAdapter] });
    expect(readdirSync(place("ollama")).sort()).toEqual(["Modelfile", "README.md", "model.gguf"]);
    expect(json).toMatchObject({ type: "F16", files: ["model.gguf", "Modelfile", "README.md"] });
    expect(lines[0]).toMatch(/ollama\/model\.gguf: 21 weights, /);
    expect(lines.at(-1)).toMatch(/ollama create ollama -f Modelfile/);
    const text = readFileSync(place("ollama/Modelfile"), "utf8");
    expect(text).toMatch(/^FROM \.\/model\.gguf\nTEMPLATE """\{\{ if \.System \}\}<s>system: /);
    expect(text).toMatch(/\nPARAMETER stop "<\/s>"\nPARAMETER num_ctx 64\n/);
    await exported("ollama", { to: "ollama", compare: false, force: true });
    mkdirSync(place("other"));
    writeFileSync(place("other/config.json"), "{}");
    const other = exported("other", { to: "ollama", force: true });
    await expect(other).rejects.toThrow(/neither empty nor an older one of its kind/);
  });

  it("leaves adapters in a file of their own where they are not to be merged", async () => {
    const flags = { to: "ollama", merge: false, adapter: [testAdapter] };
    const { json } = await exported("apart", flags);
    expect(json.files).toEqual(["model.gguf", "adapter.gguf", "Modelfile", "README.md"]);
    const text = readFileSync(place("apart/Modelfile"), "utf8");
    expect(text).toMatch(/^FROM \.\/model\.gguf\nADAPTER \.\/adapter\.gguf\n/);
    const { values } = readGgufMetadata(place("apart/adapter.gguf"));
    expect(values.get("general.type")).toBe("adapter");
    expect(readFileSync(place("apart/README.md"), "utf8")).toMatch(
      /with the LoRA adapter .* beside/,
    );
    await exported("merged-file", { to: "ollama", compare: false });
    expect(readdirSync(place("merged-file"))).not.toContain("adapter.gguf");
  });

  it("says where there is no template in Ollama's language", async () => {
    writeFileSync(file, `${jinja}{{ messages | length }}`);
    const { said } = await exported("no-template", { to: "ollama", compare: false });
    expect(said).toMatch(/writes more than fixed texts .*so the Modelfile has no TEMPLATE: Ollama/);
    expect(readFileSync(place("no-template/Modelfile"), "utf8")).not.toContain("TEMPLATE");
    rmSync(file);
    const none = await exported("none", { to: "ollama", compare: false });
    expect(none.said).toMatch(/has no chat template, so the Modelfile has no TEMPLATE/);
  });
});

describe("export --to gguf-lora", () => {
  it("writes the adapter alone", async () => {
    const flags = { to: "gguf-lora", adapter: [testAdapter] };
    const { json, lines } = await exported("lora.gguf", flags);
    expect(lines[0]).toMatch(/lora\.gguf: an adapter of \d+ layers, /);
    const { values } = readGgufMetadata(place("lora.gguf"));
    expect(Object.fromEntries(values)).toMatchObject({
      "general.architecture": "llama",
      "general.type": "adapter",
      "adapter.type": "lora",
    });
    expect(json).toMatchObject({ adapters: [testAdapter], adapter_weights: [1] });
  });

  it("refuses to write nothing, and options of models", async () => {
    await expect(exported("none.gguf", { to: "gguf-lora" })).rejects.toThrow(/has no adapter/);
    const flags = { to: "gguf-lora", adapter: [testAdapter], type: "Q8_0" as const };
    await expect(exported("none.gguf", flags)).rejects.toThrow(/--type is for models/);
  });
});
