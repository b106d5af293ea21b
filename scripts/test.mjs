// `npm test`: set-up, then types, lint, generated operators and all tests, and those of numbers once
// more with other instruction sets. Every stage runs even when an earlier one failed (but for
// set-up); the last line counts them all.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { numericTests, otherInstructionSets } from "./instructionSets.mjs";
import { checkoutPaths, readJson } from "./setup/files.mjs";

const { root, state } = checkoutPaths();
const bin = (name) => path.join(root, "node_modules/.bin", name);
const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs one stage with its output shown; true where it ended with 0. */
function stage(name, command, args, environment = {}) {
  process.stdout.write(`\n== ${name}\n`);
  const started = Date.now();
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 1, 2],
    env: { ...process.env, ...environment },
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (error) process.stdout.write(`${error.message}\n`);
  process.stdout.write(`== ${name}: ${status === 0 ? "passed" : "failed"} (${seconds} s)\n`);
  return status === 0;
}

function count(ok) {
  if (ok) total.passed++;
  else total.failed++;
  return ok;
}

/** Runs vitest and adds its counts; a run that ends badly without a failed test counts as one failed. */
function runTests(name, filters, environment = {}) {
  const report = path.join(state, `vitest.tmp-${process.pid}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const ok = stage(name, bin("vitest"), ["run", ...reporters, ...filters], environment);
  const result = readJson(report);
  fs.rmSync(report, { force: true });
  total.passed += result?.numPassedTests ?? 0;
  total.failed += result?.numFailedTests ?? 0;
  total.skipped += (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0);
  if (!ok && !result?.numFailedTests) total.failed++;
  if (ok && !result?.numPassedTests) total.failed++;
}

/** What has changed since the last time; its errors only count if the whole has them, since `using` has been refused wrongly. */
function checkTypes() {
  const known = path.join(state, "types.tsbuildinfo");
  const isWhole = !fs.existsSync(known);
  if (stage("types", bin("tsc"), ["--noEmit"])) return true;
  if (isWhole) return false;
  fs.rmSync(known, { force: true });
  return stage("types, all of them", bin("tsc"), ["--noEmit"]);
}

function finish() {
  const { passed, failed, skipped } = total;
  const rest = skipped > 0 ? `, ${skipped} skipped` : "";
  process.stdout.write(`\n${passed} passed, ${failed} failed${rest}\n`);
  process.exit(failed === 0 ? 0 : 1);
}

if (!count(stage("set-up", process.execPath, [path.join(root, "scripts/setup.mjs")]))) finish();
count(checkTypes());
count(stage("types of the page", bin("tsc"), ["--noEmit", "-p", "web"]));
count(stage("lint", bin("biome"), ["ci", "."]));
count(stage("generated operators", bin("tsx"), ["scripts/gen-ops.ts", "--check"]));
const filters = process.argv.slice(2);
runTests("tests", filters);
if (filters.length === 0) {
  for (const { name, present, environment } of otherInstructionSets()) {
    const title = `tests of numbers, instruction set ${name}`;
    if (present) {
      runTests(title, numericTests, environment);
    } else {
      process.stdout.write(`\n== ${title}: skipped, this processor has none\n`);
      total.skipped++;
    }
  }
}
finish();
