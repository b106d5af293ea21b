/**
 * The way of docs/baichuan2.md from the command line, on a folder like Baichuan2-7B-Base but tiny (made by
 * bench/fullsize/make_model.py): pickled shards, `tokenizer.model`, the `<pad>` trap, Python files that
 * would end any program that ran them.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  chatTemplateJinja,
  createJinjaTemplate,
  encodePrompt,
  loadTokenizer,
  type Message,
  resolveChatTemplate,
} from "../../src/text/index.js";
import { tunewright } from "./program.js";

const base = path.join(import.meta.dirname, "fixtures/baichuan2");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-baichuan2-"));
const at = (name: string) => path.join(work, name);
afterAll(() => rmSync(work, { recursive: true, force: true }));

beforeAll(() => {
  const row = (i: number, odd = "") => ({
    conversation_id: i,
    conversation: [
      { human: `你好 ${i}`, assistant: "你好！" },
      { human: "What is a token?", assistant: `A piece of text.${odd}` },
    ],
  });
  const rows = Array.from({ length: 12 }, (_, i) => row(i, i === 7 ? " <pad>" : ""));
  writeFileSync(at("rows.jsonl"), rows.map((one) => `${JSON.stringify(one)}\n`).join(""));
});

/** Firefly's QLoRA file, with less of everything. */
const config = (output: string, more: object = {}) => {
  const file = at(`${output}.json`);
  const keys = {
    output_dir: at(output),
    model_name_or_path: base,
    train_file: at("rows.jsonl"),
    template_name: "baichuan2",
    num_train_epochs: 1,
    max_steps: 3,
    per_device_train_batch_size: 2,
    gradient_accumulation_steps: 2,
    learning_rate: 2e-2,
    max_seq_length: 256,
    logging_steps: 1,
    save_steps: 1,
    lr_scheduler_type: "constant",
    lora_rank: 4,
    lora_alpha: 8,
    lora_dropout: 0.05,
    bits: 4,
    optim: "paged_adamw_32bit",
    fp16: true,
    report_to: "none",
    ...more,
  };
  writeFileSync(file, JSON.stringify(keys));
  return file;
};

const fix = "--fix-added-tokens";
const adapter = (run: string) => readFileSync(path.join(work, run, "adapter_model.safetensors"));

it("check refuses the row that spells <pad>, and takes it with --fix-added-tokens", async () => {
  const refused = await tunewright(["check", config("refused")]);
  expect(refused.code).toBe(3);
  expect(refused.stdout).toMatch(
    /rows\.jsonl:8: the model has no embedding for token "<pad>" \(id 640\)/,
  );
  expect(refused.stderr).toContain("set fix_added_tokens (--fix-added-tokens)");
  const accepted = await tunewright(["check", config("refused"), fix]);
  expect(accepted.code, accepted.stderr).toBe(0);
}, 120_000);

describe("trained, killed, resumed, merged", () => {
  beforeAll(async () => {
    const straight = await tunewright(["train", config("straight"), fix]);
    expect(straight.code, straight.stderr).toBe(0);
    const killed = await tunewright(["train", config("killed"), fix], (text, child) => {
      if (text.includes("step 2: saved")) child.kill("SIGKILL");
    });
    expect(killed.signal, killed.stderr).toBe("SIGKILL");
    const resumed = await tunewright(["train", config("killed"), fix, "--resume"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    const merged = await tunewright([
      "merge",
      "--model",
      at("killed"),
      "--out",
      at("merged"),
      "--json",
    ]);
    expect(merged.code, merged.stderr).toBe(0);
    expect(JSON.parse(merged.stdout).comparison.largest_difference).toBeLessThan(0.05);
  }, 300_000);

  it("has the bytes of the run that was not killed", () => {
    expect(adapter("killed").equals(adapter("straight"))).toBe(true);
  });

  it("chats as trained, and says the same when merged into the 16-bit weights", async () => {
    writeFileSync(at("turns.txt"), "你好 3\nWhat is a token?\n");
    const answers = async (model: string) => {
      const words = ["--script", at("turns.txt"), "--max-new-tokens", "12", "--json"];
      const chat = await tunewright(["chat", "--model", model, ...words]);
      expect(chat.code, chat.stderr).toBe(0);
      return (JSON.parse(chat.stdout) as { turns: { token_ids: number[] }[] }).turns;
    };
    const [trained, merged] = [await answers(at("killed")), await answers(at("merged"))];
    expect(trained[0]!.token_ids.length).toBeGreaterThan(0);
    expect(merged).toEqual(trained);
  }, 120_000);

  it("leaves a folder whose tokenizer has no token beyond the embedding", () => {
    const added = path.join(at("merged"), "added_tokens.json");
    if (existsSync(added)) expect(JSON.parse(readFileSync(added, "utf8"))).toEqual({});
    expect(JSON.parse(readFileSync(path.join(base, "added_tokens.json"), "utf8"))).toEqual({
      "<pad>": 640,
    });
  });
});

it("a shard that was cut short is refused with its name, before training", async () => {
  const cut = at("cut");
  cpSync(base, cut, { recursive: true });
  const shard = path.join(cut, "pytorch_model-00002-of-00002.bin");
  writeFileSync(shard, readFileSync(shard).subarray(0, 50_000));
  const refused = await tunewright(["check", config("cut", { model_name_or_path: cut }), fix]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("pytorch_model-00002-of-00002.bin");
}, 60_000);

describe("Baichuan's ids as a template for other programs", () => {
  it("makes a text of the ids that training makes, in Jinja", async () => {
    const tokenizer = await loadTokenizer(base);
    const template = resolveChatTemplate("baichuan2", tokenizer);
    const { source } = chatTemplateJinja(template, tokenizer);
    const own = createJinjaTemplate(source!, "saved", tokenizer);
    const messages: Message[] = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "你好 42" },
      { role: "assistant", content: " Hello!\n" },
      { role: "user", content: "and then?" },
    ];
    for (const talk of [messages, messages.slice(1), messages.slice(1, 2)]) {
      const [ours, theirs] = await Promise.all(
        [template, own].map((one) => encodePrompt(talk, tokenizer, one)),
      );
      expect([...theirs!]).toEqual([...ours!]);
    }
  });
});
