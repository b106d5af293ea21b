// A run's events without its training: what trackers read, for the measurements in this folder.
import { mkdirSync } from "node:fs";
import { register } from "tsx/esm/api";

register();
const { loadTrainingConfig, openEventWriter, writeRunConfig } = await import(
  "../../src/train/index.ts"
);
const { openTrackers } = await import("../../src/tracking/index.ts");

/** A step event with the values of a real one. */
export function stepEvent(step) {
  return {
    type: "step",
    step,
    epoch: step / 1000,
    loss: 2 + Math.sin(step) / 10,
    learning_rate: 2e-4 * (1 - step / 1e6),
    grad_norm: 0.5 + Math.cos(step) / 10,
    tokens: 16_384,
    labelled_tokens: 8_000 + (step % 7),
    tokens_per_second: 230 + (step % 5) / 3,
    rss_bytes: 1_900_000_000 + step,
  };
}

/**
 * Opens a run in `directory` with the trackers of `reportTo`.
 * @returns write(event), and close(), which ends the attempt
 */
export function openTrackedRun(directory, reportTo, { resumeStep, env = {}, say = () => {} } = {}) {
  mkdirSync(directory, { recursive: true });
  const loaded = loadTrainingConfig(undefined, {
    output_dir: directory,
    model_name_or_path: "model",
    train_file: "rows.jsonl",
    report_to: reportTo,
  });
  writeRunConfig(directory, loaded);
  const trackers = openTrackers(loaded.config, { say, env });
  const resume = resumeStep === undefined ? {} : { resumeStep };
  const events = openEventWriter(directory, { readers: trackers.readers, ...resume });
  events.write({
    type: "start",
    step: resumeStep ?? 0,
    total_steps: 1000,
    run_name: null,
    model: "model",
    train_mode: "lora",
    device: "cpu",
    compute_dtype: "float32",
    samples: 1000,
    parameters: 134_515_008,
    trainable_parameters: 19_537_920,
  });
  return {
    write: (event) => events.write(event),
    async close() {
      events.close();
      await trackers.close();
    },
  };
}
