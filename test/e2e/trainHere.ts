/** Runs in the process of the test. */
import { expect } from "vitest";
import { growVocabulary, loadModel, modelTensors, saveModel } from "../../src/models/index.js";
import { dispose, liveTensors } from "../../src/tensor/index.js";
import { loadTrainingConfig } from "../../src/train/config/index.js";
import { runSft } from "../../src/train/index.js";

/** Trains, expects that no tensor is left, and says what the run said. */
export async function trainHere(flags: readonly string[]): Promise<string[]> {
  const before = liveTensors();
  const said: string[] = [];
  await runSft(loadTrainingConfig(undefined, [...flags]), { say: (line) => said.push(line) });
  expect(liveTensors(), "tensors left alive").toBe(before);
  return said;
}

/** Writes a fixture's model into a directory, with rows for the test tokenizer's 128 tokens. */
export function writeGrown(source: string, directory: string): void {
  const model = loadModel(source, { dtype: "float32", trainsWeights: true });
  growVocabulary(model, 128);
  saveModel(model, directory, "float32");
  dispose(modelTensors(model));
}
