/** The whole command, as a process. */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { writeTestModel } from "../generate/testModel.js";

const directory = writeTestModel();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const root = fileURLToPath(new URL("../..", import.meta.url));
function run(words: string[], input = ""): { status: number | null; out: string; err: string } {
  const main = join(root, "src/cli/main.ts");
  const model = ["--model", directory, "--template", "firefly-classic"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", main, "chat", ...model, ...words],
    { cwd: root, encoding: "utf8", input },
  );
  return { status, out: stdout, err: stderr };
}

it("prints one JSON object, with flags in kebab and snake case", () => {
  const script = join(directory, "script.json");
  writeFileSync(script, '["one", "two"]');
  const flags = ["--max_new_tokens", "5", "--no-repeat-ngram-size", "2", "--seed", "1"];
  const { status, out, err } = run(["--script", script, "--json", "--temperature", "1", ...flags]);
  expect(err).toContain("loaded in");
  expect(status).toBe(0);
  const transcript = JSON.parse(out) as Record<string, unknown[]>;
  expect(Object.keys(transcript)).toEqual(["messages", "turns"]);
  expect(transcript.turns!.length).toBe(2);
  const spelled = ["--max-new-tokens", "5", "--no_repeat_ngram_size", "2", "--seed", "1"];
  const again = run(["--script", "-", "--json", "--temperature", "1", ...spelled], "one\ntwo\n");
  expect(JSON.parse(again.out)).toEqual(transcript);
});

it("refuses wrong values with exit code 2 before it loads anything", () => {
  const { status, err } = run(["--top-p", "7"]);
  expect(status).toBe(2);
  expect(err).toContain("top_p cannot be 7");
  expect(err).not.toContain("loaded");
});
