/**
 * Real llama.cpp for tests of GGUF files, through the npm package node-llama-cpp, whose binaries come as packages.
 * It is installed where a test first needs it, into `.tunewright/llama-cpp`, without the packages for GPUs (hundreds
 * of megabytes), without scripts and without a build. Nobody who installs Tunewright gets it.
 */
import { execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { withLock } from "../../src/util/fileLock.js";

const run = promisify(execFile);
const home = path.resolve(import.meta.dirname, "../../.tunewright");
const folder = path.join(home, "llama-cpp");
const files = ["package.json", "package-lock.json"];
const stamp = path.join(folder, "installed.json");

/** What llama.cpp is to do with a file. */
export interface LlamaCppJob {
  /** GGUF file. */
  model: string;
  /** GGUF file of a LoRA on it. */
  adapter?: string;
  /** To tokenize as ordinary text. */
  texts?: string[];
  /** To go on with, the likeliest token each. */
  prompts?: { ids: number[]; count: number }[];
  /** Messages to render with the file's own template, as an open conversation. */
  chats?: { role: string; content: string }[][];
}

export interface LlamaCppResult {
  /** Ids of each text. */
  tokens: number[][];
  /** Ids that follow each prompt, up to an end of generation. */
  outputs: number[][];
  /** Each chat as text. */
  rendered: string[];
  bos: number | null;
  eos: number | null;
  eot: number | null;
  addsBos: boolean;
  /** Warnings and errors of llama.cpp. */
  log: string[];
}

/** @returns whether llama.cpp can be run here; a line says why not */
export async function hasLlamaCpp(): Promise<boolean> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    console.warn(`skipped: no llama.cpp is installed on ${process.platform}-${process.arch}`);
    return false;
  }
  mkdirSync(folder, { recursive: true });
  try {
    // Test files run beside each other, and only one of them is to install.
    await withLock(path.join(home, "llama-cpp.lock"), async () => {
      if (isInstalled()) return;
      for (const name of files)
        copyFileSync(path.join(import.meta.dirname, name), path.join(folder, name));
      // Not `npm ci`: it wants packages for other systems in the lock file, which not every registry has.
      const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
      await run("npm", ["install", "--no-save", "--omit=optional", "--ignore-scripts", ...quiet], {
        cwd: folder,
      });
      copyFileSync(path.join(import.meta.dirname, "package-lock.json"), stamp);
    });
    return true;
  } catch (error) {
    console.warn(`skipped: node-llama-cpp cannot be installed: ${String(error)}`);
    return false;
  }
}

function isInstalled(): boolean {
  const lock = readFileSync(path.join(import.meta.dirname, "package-lock.json"), "utf8");
  return existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
}

/**
 * Runs llama.cpp in a process of its own.
 *
 * @throws Error with its output where it crashes or refuses the file
 */
export async function runLlamaCpp(job: LlamaCppJob): Promise<LlamaCppResult> {
  const script = path.join(import.meta.dirname, "runner.mjs");
  const child = spawn(process.execPath, [script], { stdio: "pipe" });
  child.stdin.end(JSON.stringify({ ...job, packages: folder }));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await new Promise((done) => child.once("close", done));
  if (child.exitCode === 0) return JSON.parse(stdout.trim().split("\n").at(-1)!) as LlamaCppResult;
  throw new Error(
    `llama.cpp ended with ${child.exitCode ?? child.signalCode}:\n${stderr.slice(-4000)}`,
  );
}
