/** A model and a data set by their names on the hub (a local one): check, train, chat, preview. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runCheck } from "../../src/cli/check/runCheck.js";
import { openTextModel } from "../../src/cli/data/textModel.js";
import { disposeChatModel, loadChatModel } from "../../src/generate/index.js";
import { writeTestModel } from "../../src/generate/testModel.js";
import { loadTrainingConfig } from "../../src/train/config/index.js";
import { runSft } from "../../src/train/index.js";
import { type HubServer, startHub } from "../unit/hubServer.js";

let hub: HubServer;
const work = mkdtempSync(path.join(tmpdir(), "tunewright-e2e-hub-"));
const directory = writeTestModel();
const weights = () => hub.requests.filter((line) => /safetensors/.test(line));

beforeAll(async () => {
  hub = await startHub();
  vi.stubEnv("HF_ENDPOINT", hub.address);
  vi.stubEnv("no_proxy", "*");
  vi.stubEnv("HF_HOME", path.join(work, "home"));
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE"]) {
    vi.stubEnv(name, "");
  }
  const files = readdirSync(directory).map((name) => {
    return [name, readFileSync(path.join(directory, name))] as const;
  });
  hub.add({ type: "model", name: "Owner/Tiny-1B", files: Object.fromEntries(files) });
  const row = {
    messages: [
      { role: "user", content: "hi" },
      { role: "assistant", content: "yo" },
    ],
  };
  hub.add({
    type: "dataset",
    name: "owner/chats",
    files: { "train.jsonl": `${JSON.stringify(row)}\n`.repeat(8), "test.jsonl": "{}\n" },
  });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  for (const folder of [work, directory]) rmSync(folder, { recursive: true, force: true });
});

const flags = [
  "--model_name_or_path=Owner/Tiny-1B",
  "--train_file=owner/chats",
  `--output_dir=${path.join(work, "run")}`,
  "--template_name=firefly-classic",
  "--max_seq_length=32",
  "--max_steps=2",
  "--per_device_train_batch_size=2",
  "--lora_rank=2",
  "--use_cpu",
];

test("looking at data takes the tokenizer and leaves the weights where they are", async () => {
  const text = await openTextModel({ model: "Owner/Tiny-1B", template: "firefly-classic" });
  expect(text.embeddingRows).toBe(128);
  expect(weights()).toEqual([]);
});

test("check and train download model and data, chat finds base model and adapter", async () => {
  const report = await runCheck(undefined, flags);
  expect(report.data[0]!.rows).toBe(8);
  expect(report.model.path).toContain("models--Owner--Tiny-1B");
  expect(weights().length).toBeGreaterThan(0);
  hub.requests.splice(0);
  const { summary } = await runSft(loadTrainingConfig(undefined, flags));
  expect(summary.steps).toBe(2);
  expect(weights()).toEqual([]);

  const adapter = path.join(work, "run");
  const base = JSON.parse(readFileSync(path.join(adapter, "adapter_config.json"), "utf8"));
  expect(base.base_model_name_or_path).toBe("Owner/Tiny-1B");
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  hub.requests.splice(0);
  const chat = await loadChatModel(adapter);
  expect(chat.name).toBe("Owner/Tiny-1B");
  disposeChatModel(chat);
  expect(hub.requests).toEqual([]);
  vi.stubEnv("HF_HUB_OFFLINE", "");

  const files = readdirSync(adapter)
    .filter((name) => /^(adapter|token|tunewright)/.test(name))
    .map((name) => [name, readFileSync(path.join(adapter, name))] as const);
  hub.add({ type: "model", name: "owner/adapter", files: Object.fromEntries(files) });
  const both = await loadChatModel("Owner/Tiny-1B", { adapter: "owner/adapter" });
  expect(both.adapters.at(-1)).toContain("models--owner--adapter");
  disposeChatModel(both);
});

test("a revision that is not there is refused before anything is downloaded", async () => {
  const wrong = [...flags, "--model_revision=v9", `--output_dir=${path.join(work, "other")}`];
  await expect(runCheck(undefined, wrong)).rejects.toThrow("Owner/Tiny-1B@v9: no such revision");
});
