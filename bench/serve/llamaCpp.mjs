// llama.cpp, through node-llama-cpp, as a side of bench/serve: one sequence for each prompt, computed in common batches.
//
//     node bench/serve/llamaCpp.mjs GGUF PACKAGES THREADS
import path from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

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

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { prompts, tokens } = JSON.parse(line);
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
  say({ seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6, ids });
  await context.dispose();
}
