// Trains with the configuration keys given as flags, and prints what the process and its tensors had in main memory at the
// most: node bench/memory/trainOnce.mjs --KEY=VALUE …
import { hostMemory, resetHostPeak } from "../../dist/tensor/index.js";
import { loadTrainingConfig, runTraining } from "../../dist/train/index.js";

resetHostPeak();
await runTraining(loadTrainingConfig(undefined, process.argv.slice(2)));
const resident = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ resident, tensors: hostMemory().peakBytes })}\n`);
