// What does watching take of training? SmolLM2-135M with LoRA (r=8): the pass of a micro-batch with the losses of its rows and
// without, in turns; the search for spikes; the look at what is about to be saved. The shortest of each counts.
//
//   node bench/train/watching.mjs [--sequences N] [--length TOKENS] [--passes N]
import { parseArgs } from "node:util";
import { prepareModel, trainableParameters } from "../../dist/models/index.js";
import { tidy, zeros } from "../../dist/tensor/index.js";
import { resolveForDevice } from "../../dist/train/config/index.js";
import {
  createGradients,
  fetchBaseModel,
  loadTrainingConfig,
  trainingPass,
} from "../../dist/train/index.js";
import { createOptimizer } from "../../dist/train/optimizer.js";
import { evaluationPass } from "../../dist/train/pass.js";
import { rowsOf } from "../../dist/train/stepRows.js";
import { loadTrainedModel } from "../../dist/train/trainedModel.js";
import { notFinite } from "../../dist/train/watch/finite.js";
import { findSpikes, freshHistory } from "../../dist/train/watch/spikes.js";

const { values } = parseArgs({
  options: {
    sequences: { type: "string", default: "4" },
    length: { type: "string", default: "64" },
    passes: { type: "string", default: "5" },
  },
});
const [count, length, passes] = [values.sequences, values.length, values.passes].map(Number);

const { config: given } = loadTrainingConfig(undefined, {
  ...{ model_name_or_path: "builtin:smollm2-135m", train_file: "none", output_dir: "none" },
  ...{ lora_rank: 8, use_cpu: true },
});
const facts = { device: "cpu", bf16: false, pagedMemory: false };
const { config } = resolveForDevice(given, facts);
const { model } = loadTrainedModel(config, await fetchBaseModel(config));
const prepared = prepareModel(model, { dtype: "float32", isTraining: true });
const gradients = createGradients(model);
const optimizer = createOptimizer(trainableParameters(model), { ...config, ...config.optimizer });
const sequences = Array.from({ length: count }, (_, row) => {
  const inputIds = Int32Array.from({ length }, (_, i) => 1 + ((row * 7919 + i * 104729) % 40000));
  return { inputIds, labels: inputIds.slice(), source: { file: "rows.jsonl", line: row + 1 } };
});
const settings = { groupTokens: 1024, keepBytes: Number.POSITIVE_INFINITY, lossFactor: 1 };
const none = { dropoutKey: () => null, gradientScale: null };

function timed(body) {
  const started = performance.now();
  body();
  return performance.now() - started;
}

const pass = (rowLosses) =>
  timed(() =>
    tidy(() => {
      const more = rowLosses ? { rowLosses: zeros([count], { dtype: "float32" }) } : {};
      return trainingPass(prepared, sequences, gradients, { ...settings, ...none, ...more }).item();
    }),
  );
pass(true);
const found = { with: [], without: [], save: [] };
for (let i = 0; i < passes; i++) {
  for (const kind of i % 2 === 0 ? ["with", "without"] : ["without", "with"]) {
    found[kind].push(pass(kind === "with"));
  }
  found.save.push(
    timed(() => {
      notFinite(trainableParameters(model), 2);
      notFinite(optimizer.state());
      tidy(() => evaluationPass(prepared, sequences, settings).item());
    }),
  );
}
const least = (kind) => Math.min(...found[kind]);

const steps = 2000;
const history = freshHistory();
const batch = { sequences };
const host = timed(() => {
  for (let i = 0; i < steps; i++) {
    rowsOf([batch], new Float32Array(count));
    findSpikes(history, { loss: 2 + Math.sin(i), grad_norm: 1 + Math.cos(i) / 2 }, 2);
  }
});
const step = least("without");
const share = (milliseconds) => `${((100 * milliseconds) / step).toFixed(2)} % of the pass`;
console.log(
  `pass of ${count} x ${length} tokens: ${step.toFixed(0)} ms without the losses of its rows`,
);
console.log(`with them: ${least("with").toFixed(0)} ms (${share(least("with") - step)} more)`);
console.log(`spikes: ${(host / steps).toFixed(3)} ms a step (${share(host / steps)})`);
console.log(`before a save: ${least("save").toFixed(0)} ms (${share(least("save"))})`);
