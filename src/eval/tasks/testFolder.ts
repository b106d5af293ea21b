/** Benchmarks for tests. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type EvaluateOptions, type Evaluation, evaluate } from "../evaluate.js";
import type { EvalModel } from "../types.js";

/** A folder of CSV files, which goes with its scope. @param files rows by path */
export function testFolder(files: Readonly<Record<string, readonly string[][]>>) {
  const path = mkdtempSync(join(tmpdir(), "benchmark-"));
  for (const [name, rows] of Object.entries(files)) {
    const lines = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","));
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), `${lines.join("\n")}\n`);
  }
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Takes B, and answers with a given text; a token is a character. */
export function choosesB({ answer = "", maxLength = 1e6 } = {}): EvalModel {
  return {
    loglikelihood: async (requests) =>
      requests.map(({ continuation }) => ({
        logprob: continuation.endsWith("B") ? -1 : -2,
        greedy: false,
      })),
    generateUntil: async (requests) => requests.map(() => answer),
    renderChat: (messages) => messages.map(({ role, content }) => `<${role}>${content}`).join(""),
    maxLength,
    countTokens: async (text) => text.length,
  };
}

/** Ways to ask a task of files that are written anew each time; the model takes B. */
export function askingTask(files: Readonly<Record<string, readonly string[][]>>, task: string) {
  const run = async (
    options: Partial<EvaluateOptions> = {},
    folder = testFolder(files),
  ): Promise<Evaluation> => {
    using data = folder;
    return await evaluate({ model: choosesB(), tasks: [task], dataDir: data.path, ...options });
  };
  const firstPrompt = async (name: string, options: Partial<EvaluateOptions>): Promise<string> => {
    const { samples } = await run({ tasks: [name], ...options });
    return samples[name]![0]!.arguments[0]![0];
  };
  return { run, firstPrompt };
}
