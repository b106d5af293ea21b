// How much does the launcher add to a command? Medians of `node` doing nothing, of the program
// without the launcher, and of `./tunewright`, taken in turns. Run it in a set-up checkout.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const rounds = Number(process.argv[2] ?? 21);

const ways = {
  "node -e 0": [process.execPath, "-e", "0"],
  "node dist/cli/main.js --version": [
    process.execPath,
    path.join(root, "dist/cli/main.js"),
    "--version",
  ],
  "./tunewright --version": [path.join(root, "tunewright"), "--version"],
};

const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++) {
  for (const [name, [command, ...args]] of Object.entries(ways)) {
    const started = process.hrtime.bigint();
    const { status } = spawnSync(command, args, { stdio: "ignore" });
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    // The first round fills caches and sets up what changed.
    if (round > 0) times[name].push(Number(process.hrtime.bigint() - started) / 1e6);
  }
}

const base = median(times["node -e 0"]);
for (const [name, values] of Object.entries(times)) {
  const value = median(values);
  console.log(
    `${name.padEnd(34)}${value.toFixed(0).padStart(5)} ms  (+${(value - base).toFixed(0)})`,
  );
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
