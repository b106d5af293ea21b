/** Benchmarks for tests. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
