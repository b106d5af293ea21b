// llama.cpp, through node-llama-cpp, as a side of bench/serve: one sequence for each prompt, computed in common batches.
//
//     node bench/serve/llamaCpp.mjs GGUF PACKAGES THREADS
import path from "node:path";
import { pathToFileURL } from "node:url";
import { answerAll } from "../askedSide.mjs";

const [modelPath, packages, threads] = process.argv.slice(2);
const entry = path.join(packages, "node_modules/node-llama-cpp/dist/index.js");
const { getLlama } = await import(pathToFileURL(entry).href);
const llama = await getLlama({
  gpu: false,
  build: "never",
  skipDownload: true,
  progressLogs: false,
  maxThreads: Number(threads),
  logger: () => {},
});
const model = await llama.loadModel({ modelPath, useMmap: false });

await answerAll(async ({ prompts, tokens }) => {
  const context = await model.createContext({
    contextSize: 512,
    sequences: prompts.length,
    threads: Number(threads),
  });
  const started = performance.now();
  const before = process.cpuUsage();
  const ids = await Promise.all(
    prompts.map(async (prompt) => {
      const found = [];
      const sequence = context.getSequence();
      const answer = sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true });
      for await (const token of answer) {
        found.push(token);
        if (found.length === tokens) break;
      }
      return found;
    }),
  );
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - started) / 1000;
  await context.dispose();
  return { seconds, cpuSeconds: (user + system) / 1e6, ids };
});
