/** A model whose config.json asks for dropout that training does not apply. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { runCheck } from "../../src/cli/check/runCheck.js";
import { writeTestModel } from "../../src/generate/testModel.js";
import { loadTrainingConfig } from "../../src/train/config/index.js";
import { runSft } from "../../src/train/index.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-dropout-"));
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

it("check and training say that the model's own dropout is not applied", async () => {
  const file = path.join(model, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...config, attention_dropout: 0.1, resid_pdrop: 0 }));
  const data = path.join(work, "rows.jsonl");
  const messages = ["user", "assistant"].map((role) => ({ role, content: "a" }));
  writeFileSync(data, JSON.stringify({ messages }));
  const flags = [
    `--model_name_or_path=${model}`,
    `--train_file=${data}`,
    `--output_dir=${path.join(work, "run")}`,
    "--template_name=firefly-classic",
    "--lora_rank=2",
    "--use_cpu",
    "--max_steps=1",
  ];
  const note = /^attention_dropout is 0\.1 in the model's config\.json, and is not applied/;
  const about = (lines: readonly string[]) => lines.filter((line) => /drop(out)? is/.test(line));
  const said: string[] = [];
  await runSft(loadTrainingConfig(undefined, flags), { say: (line) => said.push(line) });
  const { notes } = await runCheck(undefined, [...flags, "--overwrite_output_dir"]);
  for (const lines of [said, notes]) expect(about(lines)).toEqual([expect.stringMatching(note)]);
});
