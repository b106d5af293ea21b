/**
 * `npm run test:faults`: every fault with its counts, one line each.
 *
 * Options: `--only A3,B1`, `--count N` (trials of each), `--seed N`, `--short` (the set of `npm test`).
 */
import { parseArgs } from "node:util";
import { randomNumbers } from "../../src/util/testRandom.js";
import { faults } from "./all.js";
import { type Fault, type Trials, upperBound } from "./fault.js";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    count: { type: "string" },
    seed: { type: "string", default: "1" },
    short: { type: "boolean", default: false },
  },
});
process.env.OMP_NUM_THREADS ??= "1";
const say = (line: string) => process.stdout.write(`${line}\n`);

const names = values.only?.split(",");
const unknown = names?.find((name) => !faults.some(({ id }) => id === name));
if (unknown !== undefined) {
  process.stderr.write(
    `error: there is no fault ${unknown}\n  to do: name some of ${faults.map(({ id }) => id).join(", ")}\n`,
  );
  process.exit(2);
}
const chosen = faults.filter(({ id, short }) =>
  names ? names.includes(id) : !values.short || short !== undefined,
);

function line({ id, title }: Fault, { n, failures, isComplete }: Trials, seconds: number): string {
  const bound =
    failures.length === 0 && !isComplete
      ? `95 % upper bound ${(100 * upperBound(n)).toFixed(2)} %`
      : "";
  return `${id.padEnd(3)} ${`${failures.length} of ${n} failed`.padEnd(22)} ${bound.padEnd(26)} ${seconds.toFixed(0).padStart(5)} s  ${title}`;
}

let failed = 0;
let skipped = 0;
for (const fault of chosen) {
  const missing = fault.missing?.();
  if (missing !== undefined) {
    say(`${fault.id.padEnd(3)} skipped: ${missing}`);
    skipped += 1;
    continue;
  }
  const started = performance.now();
  const count = values.count ? Number(values.count) : values.short ? fault.short! : fault.count;
  let outcome: Trials;
  try {
    outcome = await fault.run({ count, random: randomNumbers(Number(values.seed)) });
  } catch (error) {
    outcome = { n: 1, failures: [`the test itself failed: ${String(error)}`], notes: [] };
  }
  say(line(fault, outcome, (performance.now() - started) / 1000));
  for (const note of outcome.notes) say(`      ${note}`);
  for (const failure of outcome.failures.slice(0, 20)) say(`      FAILED ${failure}`);
  failed += outcome.failures.length;
}
say(
  `${chosen.length - skipped} faults, ${failed} failures, ${skipped} skipped (seed ${values.seed})`,
);
process.exit(failed === 0 ? 0 : 1);
