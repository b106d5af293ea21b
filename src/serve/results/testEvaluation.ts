/** Evaluations of models that know one letter, as `eval --output` leaves them on the disk, for tests. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type EvalModel, evaluate, readTaskFile } from "../../eval/index.js";

const examples = path.resolve(import.meta.dirname, "../../../examples/eval");

/** Finds the choice with this letter likeliest. */
function letterModel(letter: string): EvalModel {
  return {
    loglikelihood: async (requests) =>
      requests.map(({ continuation }) => ({
        logprob: continuation.trim() === letter ? -0.5 : -2,
        greedy: continuation.trim() === letter,
      })),
    generateUntil: async (requests) => requests.map(() => letter),
  };
}

/** @param config what results.json says about the model */
export async function writeEvaluation(
  directory: string,
  letter: string,
  config: Readonly<Record<string, unknown>>,
): Promise<void> {
  const own = await readTaskFile(path.join(examples, "physics.yaml"));
  const { samples, ...results } = await evaluate({
    model: letterModel(letter),
    tasks: [own.name],
    benchmarks: [own],
    dataDir: examples,
  });
  mkdirSync(directory, { recursive: true });
  const file = { ...results, protocol: "lm-eval", date: 1000, config };
  writeFileSync(path.join(directory, "results.json"), JSON.stringify(file));
  for (const [task, rows] of Object.entries(samples)) {
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    writeFileSync(path.join(directory, `samples_${task}.jsonl`), lines);
  }
}
