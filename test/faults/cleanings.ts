/** N4: two commands that write one file of data at the same time, and one that is killed. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type Fault, pick, require, requireEqual, trials } from "./fault.js";
import { scratch, sha256, work } from "./runs.js";

const main = path.resolve(import.meta.dirname, "../../dist/cli/main.js");

const commands: Readonly<Record<string, readonly string[]>> = {
  clean: ["clean"],
  dedup: ["dedup"],
  convert: ["convert"],
};

/** Rows enough for a command to be at work for a while. */
function rowsFile(): string {
  const file = path.join(work, "questions.jsonl");
  const row = (i: number) => ({
    messages: [
      { role: "user", content: `What is ${i} and ${(i * 7919) % 1000}?` },
      { role: "assistant", content: `It is ${i + ((i * 7919) % 1000)}, since ${i} comes first.` },
    ],
  });
  const lines = Array.from({ length: 20_000 }, (_, i) => `${JSON.stringify(row(i))}\n`);
  if (!fs.existsSync(file)) fs.writeFileSync(file, lines.join(""));
  return file;
}

function dataCommand(words: readonly string[], out: string) {
  const given = [main, "data", ...words, rowsFile(), "--out", out];
  const child = spawn(process.execPath, given, { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.on("data", (chunk) => {
    text += chunk;
  });
  const ended = new Promise<{ code: number | null; text: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, text }));
  });
  return { child, ended };
}

export const twoCleanings: Fault = {
  id: "N4",
  title:
    "two cleanings, deduplications or conversions into one file; the first is killed in half of them",
  count: 20,
  short: 1,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const expected = new Map<string, string>();
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const name = pick(Object.keys(commands), random);
      const isKilled = i % 2 === 1;
      await trial(`${name}${isKilled ? ", killed" : ""}`, async () => {
        const words = commands[name]!;
        if (!expected.has(name)) {
          const alone = scratch("alone");
          const { code, text } = await dataCommand(words, alone).ended;
          require(code === 0, `alone it ended with ${code}: ${text}`);
          expected.set(name, sha256(alone));
        }
        const folder = scratch("out");
        fs.mkdirSync(folder);
        const out = path.join(folder, "out.jsonl");
        const first = dataCommand(words, out);
        await new Promise((resolve) => setTimeout(resolve, random(1500)));
        if (isKilled) {
          first.child.kill("SIGKILL");
          await first.ended;
        }
        const ends = [await dataCommand(words, out).ended];
        if (!isKilled) ends.push(await first.ended);
        for (const { code, text } of ends) {
          if (code === 0) continue;
          require(/being written by another process|already exists/.test(text), `${code}: ${text}`);
          refused += 1;
        }
        require(ends.some(({ code }) => code === 0), `none has written: ${ends[0]?.text}`);
        requireEqual(sha256(out), expected.get(name), "what was written");
        const rests = fs.readdirSync(folder).filter((file) => /lock|tmp|part/.test(file));
        requireEqual(rests, [], "rests");
        fs.rmSync(folder, { recursive: true });
      });
    }
    outcome.notes.push(`${refused} were refused`);
    return outcome;
  },
};
