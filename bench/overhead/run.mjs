// What does one call cost beyond its arithmetic? An addition of three floats in Tunewright and in
// Python's torch, in turns in one run; of each the median over rounds of its best batch. Ends with 1
// where Tunewright takes more than 1.5 times as long.
//
//   node bench/overhead/run.mjs [rounds]      needs ./tunewright setup, and a Python with torch:
//                                             TUNEWRIGHT_PEERS_PYTHON, else that of the set-up
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const runtime = JSON.parse(readFileSync(here("../../.tunewright/runtime.json"), "utf8"));
const python = process.env.TUNEWRIGHT_PEERS_PYTHON ?? runtime.python;
const rounds = Number(process.argv[2] ?? 5);
const size = ["20000", "10"];
const limit = 1.5;

const sides = {
  tunewright: [process.execPath, here("tunewright.mjs"), ...size],
  torch: [python, here("torch_add.py"), ...size],
};

function measure([command, ...args]) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  if (status !== 0) throw new Error(`${command} ended with ${error ?? status}\n${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

const results = { tunewright: [], torch: [] };
for (let round = 0; round < rounds; round++) {
  for (const [name, command] of Object.entries(sides)) results[name].push(measure(command));
}

function median(side, key) {
  const values = results[side].map((result) => result[key]).sort((x, y) => x - y);
  return values[Math.floor(values.length / 2)];
}

const rows = [
  ["freed at once, not recorded", "plain", "plain"],
  ["freed at once, recorded for gradients", "recorded", "recorded"],
  ["freed by tidy() after 100 calls", "inTidy", "plain"],
];
console.log(
  `add of 3 floats, ns a call     Tunewright   torch ${results.torch[0].version}   ratio`,
);
let worst = 0;
for (const [label, ours, theirs] of rows) {
  const [mine, other] = [median("tunewright", ours), median("torch", theirs)];
  worst = Math.max(worst, mine / other);
  const numbers = [mine.toFixed(0).padStart(8), other.toFixed(0).padStart(10)];
  console.log(`  ${label.padEnd(40)}${numbers.join("")}${(mine / other).toFixed(2).padStart(9)}`);
}
console.log(worst <= limit ? `within ${limit}x` : `above ${limit}x`);
process.exit(worst <= limit ? 0 : 1);
