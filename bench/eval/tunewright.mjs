// Tunewright as a side of bench/eval: as peer.py, by the library.
//
//     node bench/eval/tunewright.mjs MODEL_DIR BENCHMARKS DTYPE
import { openEvalModel } from "../../dist/eval/engine/index.js";
import { evaluate } from "../../dist/eval/index.js";
import { answerAll } from "../askedSide.mjs";

const SHOTS = 5;
const [directory, dataDir, dtype] = process.argv.slice(2);
const model = await openEvalModel(directory, { dtype });
let seconds = 0;
const timed = (call) => async (requests, options) => {
  const started = performance.now();
  try {
    return await call.call(model, requests, options);
  } finally {
    seconds += (performance.now() - started) / 1000;
  }
};
const asked = {
  ...model,
  loglikelihood: timed(model.loglikelihood),
  generateUntil: timed(model.generateUntil),
};

/** The likelihoods of all choices, or the text. */
function answerOf({ resps }) {
  const [first] = resps[0];
  return typeof first === "string" ? first : resps.map(([[logprob]]) => logprob);
}

await answerAll(async ({ task, limit }) => {
  seconds = 0;
  const { results, samples } = await evaluate({
    model: asked,
    tasks: [task],
    dataDir,
    limit: limit ?? undefined,
    numFewshot: SHOTS,
  });
  const [{ filter }] = samples[task];
  const own = samples[task].filter((sample) => sample.filter === filter);
  const scores = Object.entries(results[task]).filter(([key]) => key.includes(","));
  return {
    seconds,
    scores: Object.fromEntries(scores),
    answers: own.sort((a, b) => a.doc_id - b.doc_id).map(answerOf),
  };
});
model.dispose();
