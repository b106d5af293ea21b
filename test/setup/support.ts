/** Helpers for the tests of set-up: typed access to its scripts, child processes, folders. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach } from "vitest";

/** Root of the checkout under test. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Imports `scripts/setup/<name>.mjs` with the types that the test states for it. */
export async function loadScript<T>(name: string): Promise<T> {
  const url = pathToFileURL(path.join(root, `scripts/setup/${name}.mjs`)).href;
  return (await import(url)) as T;
}

/** URL of a script of set-up, for the source text of child processes. */
export function scriptUrl(name: string): string {
  return JSON.stringify(pathToFileURL(path.join(root, `scripts/setup/${name}.mjs`)).href);
}

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder that the end of the test removes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tunewright-test-"));
  folders.push(folder);
  return folder;
}

/** Writes files, given by relative path, below a folder. */
export function writeFiles(folder: string, files: Record<string, string>, mode = 0o644): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
  }
}

/** A program's end. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A child process and the promise of its end. */
export interface Running {
  ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the child's stderr or stdout holds `text`, or when the child ends. */
  says(text: string): Promise<void>;
}

/** Starts a program; its environment is this process's with `env` over it (undefined removes). */
export function start(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string | undefined> } = {},
): Running {
  const env = { ...process.env, ...options.env };
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const child = spawn(command, args, { cwd: options.cwd, env, stdio: [...stdio] });
  let stdout = "";
  let stderr = "";
  let wake = () => {};
  child.stdout?.on("data", (data) => {
    stdout += data;
    wake();
  });
  child.stderr?.on("data", (data) => {
    stderr += data;
    wake();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    says: (text) => {
      const said = new Promise<void>((resolve) => {
        wake = () => {
          if (`${stdout}${stderr}`.includes(text)) resolve();
        };
        wake();
      });
      return Promise.race([said, ended.then(() => {})]);
    },
  };
}

/** Runs source text as an ES module in a new Node process. */
export function startNode(
  source: string,
  args: readonly string[] = [],
  env: Record<string, string | undefined> = {},
): Running {
  return start(process.execPath, ["--input-type=module", "-e", source, "--", ...args], { env });
}
