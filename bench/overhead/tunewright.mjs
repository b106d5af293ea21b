// One side of run.mjs: nanoseconds a call of a small addition in Tunewright.
import { add, noGrad, setThreads, tensor, tidy } from "../../dist/tensor/index.js";

const calls = Number(process.argv[2]);
const batches = Number(process.argv[3]);
setThreads(1);
const a = tensor([1, 2, 3]);
const b = tensor([4, 5, 6]);
const leaf = tensor([1, 2, 3]).requiresGrad_();

const cases = {
  plain: () =>
    noGrad(() => {
      for (let i = 0; i < calls; i++) add(a, b).dispose();
    }),
  recorded: () => {
    for (let i = 0; i < calls; i++) add(leaf, b).dispose();
  },
  inTidy: () =>
    noGrad(() => {
      for (let i = 0; i < calls; i += 100) {
        tidy(() => {
          for (let j = 0; j < 100; j++) add(a, b);
        });
      }
    }),
};

const best = {};
for (const [name, run] of Object.entries(cases)) {
  run();
  const times = Array.from({ length: batches }, () => {
    const started = process.hrtime.bigint();
    run();
    return Number(process.hrtime.bigint() - started) / calls;
  });
  best[name] = Math.min(...times);
}
console.log(JSON.stringify(best));
