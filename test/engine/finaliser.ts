/** A process that drops tensors without disposing them and lets the garbage collector run. */
import { keep, liveTensors, tensor, tidy } from "../../src/tensor/index.js";

const held = tensor([7]);
(() => {
  for (let i = 0; i < 100; i++) tensor([i]);
  tidy(() => {
    for (let i = 0; i < 50; i++) keep(tensor([i]));
  });
  tidy(() => Array.from({ length: 50 }, (_, i) => tensor([i])));
})();
const before = liveTensors();
for (let i = 0; i < 50 && liveTensors() > 1; i++) {
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log(JSON.stringify({ before, after: liveTensors(), stillReads: held.item() }));
