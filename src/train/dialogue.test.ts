import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeTestModel } from "../generate/testModel.js";
import { liveTensors } from "../tensor/index.js";
import { loadTrainingConfig } from "./config/index.js";
import type { DialogueEvent, EventRow } from "./events/index.js";
import { readEvents, runTraining } from "./index.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-dialogue-"));
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

const rows = ["one", "two", "three", "four"].map((word) =>
  JSON.stringify({
    messages: [
      { role: "user", content: word },
      { role: "assistant", content: `${word} ${word}` },
    ],
  }),
);
const file = (name: string, text: string) => {
  const made = path.join(work, name);
  writeFileSync(made, text);
  return made;
};
const train_file = file("rows.jsonl", `${rows.join("\n")}\n`);

function train(name: string, more: Record<string, unknown>) {
  const output_dir = path.join(work, name);
  const loaded = loadTrainingConfig(undefined, {
    model_name_or_path: model,
    train_file,
    output_dir,
    template_name: "firefly-classic",
    max_seq_length: 48,
    lora_rank: 2,
    use_cpu: true,
    logging_steps: 1,
    save_steps: 2,
    max_steps: 4,
    per_device_train_batch_size: 1,
    sample_max_new_tokens: 6,
    ...more,
  });
  return runTraining(loaded);
}

const eventsOf = (name: string) => readEvents(path.join(work, name, "events.jsonl"));
const dialogues = (name: string) =>
  eventsOf(name).filter((row): row is EventRow<DialogueEvent> => row.type === "dialogue");

describe("sample_dialogue", () => {
  it("is answered as one conversation at the beginning, at checkpoints and at the end, and disturbs nothing", async () => {
    const before = liveTensors();
    const sample_dialogue = file("turns.json", JSON.stringify(["one", "two"]));
    await train("asked", { sample_dialogue });
    await train("plain", {});
    expect(dialogues("asked").map(({ step }) => step)).toEqual([0, 2, 4]);
    const [first] = dialogues("asked");
    expect(first?.turns.map(({ user }) => user)).toEqual(["one", "two"]);
    for (const { turns, ...figures } of dialogues("asked")) {
      expect(turns.every(({ tokens }) => tokens <= 6)).toBe(true);
      const length = turns.filter((turn) => turn.finish_reason === "length").length;
      expect(figures.cut_off_rate).toBe(length / 2);
    }
    const losses = (name: string) =>
      eventsOf(name).flatMap((row) => (row.type === "step" ? [row.loss] : []));
    expect(losses("asked")).toEqual(losses("plain"));
    expect(liveTensors()).toBe(before);
  });

  it("is not asked again at the step that a run resumes from", async () => {
    const sample_dialogue = file("again.txt", "one\n\ntwo\n");
    await train("resumed", { sample_dialogue, max_steps: 2 });
    await train("resumed", { sample_dialogue, max_steps: 4, resume_from_checkpoint: true });
    expect(dialogues("resumed").map(({ step }) => step)).toEqual([0, 2, 4]);
  });

  it.each([
    ["nothing.json", undefined, /nothing\.json: cannot be read/],
    ["empty.txt", "\n \n", /contains no user turn/],
    ["object.json", '{"turns": []}', /expected a JSON array/],
    ["long.txt", "word ".repeat(900), /turn 1 of sample_dialogue .*long\.txt is too long/],
  ])("refuses %s before training", async (name, text, message) => {
    const sample_dialogue = text === undefined ? path.join(work, name) : file(name, text);
    await expect(train(`refused-${name}`, { sample_dialogue })).rejects.toThrow(message);
    expect(eventsOf(`refused-${name}`)).toEqual([]);
  });

  it("has no effect on plain texts, and says so", () => {
    const { config, notes } = loadTrainingConfig(undefined, {
      model_name_or_path: "m",
      train_file: "f",
      output_dir: "o",
      task_type: "pretrain",
      sample_dialogue: "turns.txt",
    });
    expect(config.sample_dialogue).toBeNull();
    expect(notes.join("\n")).toContain("sample_dialogue: no effect");
  });
});
