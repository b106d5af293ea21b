/** OpenAI's and LangChain's clients in Python, in an environment of their own that is made once. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const folder = path.resolve(import.meta.dirname, "../../../.tunewright/clients");
const python = path.join(folder, "bin", "python");
/** Written last, so that half an environment is made anew. */
const mark = path.join(folder, "complete");
const packages = ["openai>=2,<4", "langchain-openai>=1,<2"];

/** The environment's Python; undefined, with the reason on stderr, where it cannot be made. */
export function clientsPython(): string | undefined {
  if (existsSync(mark)) return python;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.dirname(folder), { recursive: true });
  const steps = [
    ["python3", "-m", "venv", folder],
    [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages],
  ] as const;
  for (const [command, ...words] of steps) {
    const { status, stderr, error } = spawnSync(command, words, { encoding: "utf8" });
    if (status === 0) continue;
    const why = error?.message ?? stderr.trim().split("\n").at(-1);
    process.stderr.write(
      `Python's clients are not tested: ${command} ${words[1]} failed: ${why}\n`,
    );
    return undefined;
  }
  writeFileSync(mark, "");
  return python;
}

/** What a check came to: null where all is well. */
export type Checks = Record<string, string | null>;

/** Runs a file of this folder, whose checks are functions. @throws Error where it ends otherwise */
export function runChecks(
  command: string,
  file: string,
  env: Record<string, string>,
): Promise<Checks> {
  const script = path.resolve(import.meta.dirname, file);
  const child = spawn(command, [script], { env: { ...process.env, ...env } });
  let out = "";
  let problems = "";
  child.stdout.on("data", (text) => {
    out += text;
  });
  child.stderr.on("data", (text) => {
    problems += text;
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(out) as Checks);
      else reject(new Error(`${file} ended with ${code}: ${problems}`));
    });
  });
}
