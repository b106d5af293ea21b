/** Runs on folders whose tokenizer has tokens that the embedding lacks, as Baichuan2's have. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { runCheck } from "../../src/cli/check/runCheck.js";
import { disposeChatModel, loadChatModel } from "../../src/generate/index.js";
import { writeTestModel } from "../../src/generate/testModel.js";
import { encodePrompt } from "../../src/text/index.js";
import { loadTrainingConfig } from "../../src/train/config/index.js";
import { runSft } from "../../src/train/index.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-vocabulary-"));
const model = writeTestModel();
const trap = path.join(work, "trap");
cpSync(model, trap, { recursive: true });
writeFileSync(path.join(trap, "added_tokens.json"), JSON.stringify({ "<PAD>": 128 }));
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

const row = (question: string, answer: string) =>
  `${JSON.stringify({
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ],
  })}\n`;
const clean = path.join(work, "clean.jsonl");
writeFileSync(clean, row("a", "b"));
const spelled = path.join(work, "spelled.jsonl");
writeFileSync(
  spelled,
  [row("ask", "tell"), row("what is <PAD>?", "a token"), row("x", "y")].join(""),
);

const flagsOf = (base: string, file: string, output: string, ...more: string[]) => [
  `--model_name_or_path=${base}`,
  `--train_file=${file}`,
  `--output_dir=${path.join(work, output)}`,
  "--template_name=firefly-classic",
  "--per_device_train_batch_size=1",
  "--lora_rank=2",
  "--use_cpu",
  "--max_steps=3",
  ...more,
];

async function train(...flags: Parameters<typeof flagsOf>): Promise<string[]> {
  const said: string[] = [];
  await runSft(loadTrainingConfig(undefined, flagsOf(...flags)), {
    say: (line) => said.push(line),
  });
  return said;
}

it("check names the token, and refuses only rows that spell it", async () => {
  const harmless = await runCheck(undefined, flagsOf(trap, clean, "none"));
  expect(harmless.ok).toBe(true);
  expect(harmless.notes.join("\n")).toMatch(/<PAD> the id 128, but the embedding has 128 rows/);
  const refused = await runCheck(undefined, flagsOf(trap, spelled, "none"));
  expect(refused).toMatchObject({ ok: false });
  expect(refused.data[0]!.problems).toEqual([
    {
      file: spelled,
      line: 2,
      what: expect.stringContaining('"<PAD>" (id 128)'),
      why: expect.stringContaining("128 rows"),
      todo: expect.stringContaining("--fix-added-tokens"),
    },
  ]);
  await expect(train(trap, spelled, "refused")).rejects.toMatchObject({
    why: expect.stringMatching(/spelled\.jsonl:2: .*<PAD>/),
  });
});

it.each(["0", "1"])(
  "with fix_added_tokens training is that of the folder without it (workers: %s)",
  async (threads) => {
    const workers = `--dataloader_num_workers=${threads}`;
    const fix = "--fix-added-tokens";
    expect((await runCheck(undefined, flagsOf(trap, spelled, "none", fix))).ok).toBe(true);
    const said = await train(trap, spelled, `fixed${threads}`, fix, workers);
    expect(said.join("\n")).toContain("fix_added_tokens: <PAD> is ordinary text");
    await train(model, spelled, `plain${threads}`, workers);
    const weights = (run: string) =>
      readFileSync(path.join(work, run, "adapter_model.safetensors"));
    expect(weights(`fixed${threads}`).equals(weights(`plain${threads}`))).toBe(true);
    expect(existsSync(path.join(trap, "added_tokens.json"))).toBe(true);
    const saved = path.join(work, `fixed${threads}`, "added_tokens.json");
    expect(JSON.parse(readFileSync(saved, "utf8"))).toEqual({});
  },
);

it("chat reads such a prompt with the flag, and after training without it", async () => {
  const ids = async (name: string, fixAddedTokens: boolean) => {
    const options = { fixAddedTokens, template: "firefly-classic" };
    const chat = await loadChatModel(name, options);
    try {
      const messages = [{ role: "user" as const, content: "what is <PAD>?" }];
      return [...(await encodePrompt(messages, chat.tokenizer, chat.template))];
    } finally {
      disposeChatModel(chat);
    }
  };
  const plain = await ids(model, false);
  expect(await ids(trap, false)).toContain(128);
  expect(await ids(trap, true)).toEqual(plain);
  expect(await ids(path.join(work, "fixed0"), false)).toEqual(plain);
});
