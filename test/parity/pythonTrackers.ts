/**
 * A Python with the programs that read what our trackers write, made where it is first needed:
 * `.tunewright/trackers`, with the packages of tracker-requirements.txt beside this file.
 * TUNEWRIGHT_TRACKERS_PYTHON names another one instead.
 */
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { withLock } from "../../src/util/fileLock.js";

const run = promisify(execFile);
const requirements = path.join(import.meta.dirname, "tracker-requirements.txt");
const home = path.resolve(import.meta.dirname, "../../.tunewright");
const folder = path.join(home, "trackers");
const stamp = path.join(folder, "requirements.installed");

/** @returns the interpreter; `undefined`, after a line that says why, where the packages cannot be had */
export async function trackersPython(): Promise<string | undefined> {
  const given = process.env.TUNEWRIGHT_TRACKERS_PYTHON;
  if (given) return given;
  const python = path.join(folder, "bin/python");
  mkdirSync(home, { recursive: true });
  try {
    // Test files run beside each other, and only one of them is to install.
    await withLock(path.join(home, "trackers.lock"), async () => {
      if (isInstalled()) return;
      await run("python3", ["-m", "venv", folder]);
      const pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile"];
      await run(python, [...pip, "-r", requirements]);
      copyFileSync(requirements, stamp);
    });
    return python;
  } catch (error) {
    console.warn(`skipped: ${path.basename(requirements)} cannot be installed: ${String(error)}`);
    return undefined;
  }
}

function isInstalled(): boolean {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === readFileSync(requirements, "utf8");
}

/** Runs the script in a file and parses what it prints, which is JSON. */
export async function runPython(python: string, script: string, args: readonly string[]) {
  const { stdout } = await run(python, [script, ...args], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as unknown;
}
