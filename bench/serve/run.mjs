#!/usr/bin/env node
// How fast does the decoder answer beside transformers' generate and llama.cpp, and are the texts the same? See README.md here.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { lastLineOf, startSide } from "../askedSide.mjs";

const HELP = `Usage: node bench/serve/run.mjs [options]

Answers the same prompts with Tunewright's decoder, transformers' generate and llama.cpp, in turn, and
prints tokens a second, ratios, how many texts are the same, and how near to the memory's bandwidth one
stream comes.

Options:
  --rounds N      times that each is done; the best counts (default 3)
  --tokens N      new tokens of each answer (default 48)
  --length N      tokens of each prompt (default 32)
  --history N     tokens of the first of two turns (default 1536)
  --threads N     threads of each side (default 2)
  --quick         one and eight streams of weights as stored and of transformers in float32 only
  --json FILE     write all figures to FILE
  --work-dir DIR  where models go (default .tunewright/bench-serve)
`;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const BUILTIN = "builtin:smollm2-135m";

function parseOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "3" },
      tokens: { type: "string", default: "48" },
      length: { type: "string", default: "32" },
      history: { type: "string", default: "1536" },
      threads: { type: "string", default: "2" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      "work-dir": { type: "string", default: path.join(root, ".tunewright/bench-serve") },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const [rounds, tokens, length, history] = ["rounds", "tokens", "length", "history"].map((key) =>
    Number(values[key]),
  );
  return { ...values, rounds, tokens, length, history, workDir: path.resolve(values["work-dir"]) };
}

/** The built-in model written for a side that reads another form, once. */
function exported(to, name, { workDir }, flags = []) {
  const out = path.join(workDir, name);
  if (fs.existsSync(out)) return out;
  fs.mkdirSync(workDir, { recursive: true });
  const args = ["export", "--model", BUILTIN, "--to", to, "--out", out, "--json", ...flags];
  lastLineOf(path.join(root, "tunewright"), args);
  return out;
}

/** What is measured: a process, and the numbers of streams. */
function sidesOf(options, python) {
  const node = (args) => [process.execPath, ["bench/serve/tunewright.mjs", ...args]];
  const peer = (dtype) => {
    const folder = exported("safetensors", "smollm2-135m", options, ["--dtype", "float32"]);
    return [python, ["bench/serve/peer.py", folder, dtype, options.threads]];
  };
  const few = [1, 8];
  const sides = [
    ["tunewright, as stored (Q4_1, Q8_0)", node([BUILTIN, "float32", "stored"]), [1, 2, 4, 8, 16]],
    ["transformers, float32", peer("float32"), few],
  ];
  if (options.quick) {
    sides[0][2] = few;
    return sides;
  }
  const eightBits = exported("gguf", "smollm2-135m-q8_0.gguf", options, ["--type", "Q8_0"]);
  sides.push(
    ["tunewright, float32", node([BUILTIN, "float32", "dense"]), few],
    ["tunewright, 8 bits (Q8_0)", node([eightBits, "float32", "stored"]), few],
    ["tunewright, bfloat16", node([BUILTIN, "bfloat16", "dense"]), few],
    ["transformers, bfloat16", peer("bfloat16"), few],
  );
  const packages = path.join(root, ".tunewright/llama-cpp");
  if (fs.existsSync(path.join(packages, "installed.json"))) {
    const gguf = path.join(root, ".tunewright/models/smollm2-135m-instruct-q4_1.gguf");
    const args = ["bench/serve/llamaCpp.mjs", gguf, packages, options.threads];
    sides.push(["llama.cpp, Q4_1", [process.execPath, args], few]);
  } else process.stdout.write("llama.cpp is left out: the tests of test/llamaCpp install it\n");
  return sides;
}

/** Answers of one side, round by round; the best round counts, as others run on the machine too. */
async function measure(side, streams, prompts, { rounds, tokens }) {
  let best;
  for (let round = 0; round < rounds; round++) {
    const request = { task: "decode", prompts: prompts.slice(0, streams), tokens };
    const result = await side.ask(request);
    const cpuSeconds = Math.min(result.cpuSeconds, best?.cpuSeconds ?? result.cpuSeconds);
    best = { ...(best && best.seconds < result.seconds ? best : result), cpuSeconds };
  }
  return { ...best, rate: (streams * tokens) / best.seconds };
}

function same(a, b) {
  return a.filter((ids, i) => String(ids) === String(b[i])).length;
}

async function main() {
  const options = parseOptions();
  lastLineOf(path.join(root, "tunewright"), ["--version"]);
  const python =
    process.env.TUNEWRIGHT_PEERS_PYTHON ?? lastLineOf(path.join(root, "bench/peers/setup.sh"), []);
  const results = {};
  let prompts;
  let reference;
  for (const [name, [command, args], counts] of sidesOf(options, python)) {
    const side = await startSide(command, args, options);
    prompts ??= await side.ask({ task: "prompts", count: 16, length: options.length });
    await side.ask({ task: "decode", prompts: prompts.slice(0, 1), tokens: 4 });
    for (const streams of counts) {
      const result = await measure(side, streams, prompts, options);
      results[`${name} ${streams}`] = result;
      process.stdout.write(
        `${name}, ${streams} ${streams === 1 ? "stream" : "streams"}: ${result.rate.toFixed(1)} tokens/s, ` +
          `${((1000 * result.cpuSeconds) / streams / options.tokens).toFixed(1)} ms of processor time a token\n`,
      );
    }
    if (!reference) {
      reference = results;
      await ownFigures(side, results, prompts, options);
    }
    side.end();
  }
  process.stdout.write(summary(results));
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
}

/** Memory, turns and operators of the side that is measured first. */
async function ownFigures(side, results, prompts, { history, tokens }) {
  const bandwidth = await side.ask({ task: "bandwidth" });
  const bytes = await side.ask({ task: "bytes" });
  const [name] = Object.keys(results);
  const { seconds, first } = results[name];
  const step = (seconds - first) / (tokens - 1);
  const long = Array.from({ length: history }, (_, i) => prompts.flat()[i % prompts.flat().length]);
  const turns = await side.ask({ task: "turns", prompts: [long, prompts[0]], tokens: 16 });
  const operators = await side.ask({ task: "profile", prompts: prompts.slice(0, 1) });
  const calls = operators.reduce((sum, [, count]) => sum + count, 0);
  process.stdout.write(
    `  one step reads ${(bytes / 1e6).toFixed(0)} MB in ${(step * 1000).toFixed(1)} ms: ${(bytes / step / 1e9).toFixed(1)} GB/s, ` +
      `${((100 * bytes) / step / bandwidth).toFixed(0)} % of the ${(bandwidth / 1e9).toFixed(1)} GB/s that memory gives\n` +
      `  ${calls.toFixed(0)} operators a step, ${operators
        .slice(0, 6)
        .map(([operator, count, ms]) => `${operator} ${count.toFixed(0)} in ${ms.toFixed(1)} ms`)
        .join(", ")}\n` +
      `  first token after ${history} tokens: ${turns[0].toFixed(3)} s; of a second turn: ${turns[1].toFixed(3)} s, ` +
      `1/${(turns[0] / turns[1]).toFixed(1)} of it\n`,
  );
  Object.assign(results[name], { bandwidth, bytes, turns, operators });
}

function summary(results) {
  const of = (name) => results[name];
  const lines = [];
  const [ours, theirs] = ["tunewright, as stored (Q4_1, Q8_0)", "transformers, float32"];
  for (const streams of [1, 8]) {
    const [own, other] = [of(`${ours} ${streams}`), of(`${theirs} ${streams}`)];
    const equal = same(own.ids, other.ids);
    lines.push(
      `${streams} at once: ${(own.rate / other.rate).toFixed(2)} times transformers in float32, ` +
        `by processor time ${(other.cpuSeconds / own.cpuSeconds).toFixed(2)}; ${equal} of ${streams} texts the same`,
    );
  }
  const alone = of(`${ours} 1`).ids;
  for (const [name, { ids }] of Object.entries(results)) {
    if (name.startsWith(ours)) lines.push(`${name}: ${same(alone, ids)} of 1 text as alone`);
  }
  return `${lines.join("\n")}\n`;
}

await main();
