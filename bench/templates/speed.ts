/**
 * Time of rendering a row, in our engine and in @huggingface/jinja in turns in the same run: conversations of several
 * turns, and 200 with tools and calls, with three real templates.
 *
 *   npx tsx bench/templates/speed.ts [ROUNDS]      after bench/templates/run.sh; ends with 1 where ours is slower
 *
 * The library is put into .tunewright/templates/library by npm; sample rows are those of the tests (TUNEWRIGHT_DATA).
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileJinja } from "../../src/text/jinja/index.js";
import type { Message } from "../../src/text/types.js";

const work = fileURLToPath(new URL("../../.tunewright/templates/", import.meta.url));
const data =
  process.env.TUNEWRIGHT_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const library = `${work}library/node_modules/@huggingface/jinja/dist/index.js`;
if (!existsSync(library))
  execFileSync("npm", [
    "install",
    "--no-save",
    "--prefix",
    `${work}library`,
    "@huggingface/jinja@0.5.11",
  ]);
const { Template } = (await import(library)) as {
  Template: new (source: string) => { render(variables: Record<string, unknown>): string };
};

const json = (name: string) => JSON.parse(readFileSync(`${data}/conversations/${name}`, "utf8"));
const roles: Record<string, string> = { human: "user", gpt: "assistant", observation: "tool" };

interface Row {
  messages: Message[];
  tools?: never[];
}

const chats: Row[] = readFileSync(`${data}/conversations/firefly-moss.sample.jsonl`, "utf8")
  .trim()
  .split("\n")
  .slice(0, 300)
  .map((line) => ({
    messages: JSON.parse(line).conversation.flatMap(
      (turn: { human: string; assistant: string }) => [
        { role: "user", content: turn.human },
        { role: "assistant", content: turn.assistant },
      ],
    ),
  }));

const calls: Row[] = json("glaive_toolcall_en_demo.json")
  .slice(0, 200)
  .map((row: { conversations: { from: string; value: string }[]; tools: string }) => ({
    tools: JSON.parse(row.tools),
    messages: row.conversations.map(({ from, value }) =>
      from === "function_call"
        ? {
            role: "assistant",
            content: "",
            tool_calls: [{ type: "function", function: JSON.parse(value) }],
          }
        : { role: roles[from], content: value },
    ),
  }));

const templates = ["trl--qwen2_5", "trl--llama3_1", "trl--qwen3"].map((name) => ({
  name,
  source: readFileSync(`${work}sources/${name}.jinja`, "utf8"),
}));
const tokens = { bos_token: "<s>", eos_token: "</s>" };

function milliseconds(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const rounds = Number(process.argv[2] ?? 7);
for (const { name, source } of templates) {
  const ours = compileJinja(source, name, tokens, () => new Date(2024, 6, 4));
  const theirs = new Template(source);
  const sides = {
    ours: ({ messages, tools }: Row) =>
      ours.render(messages, { addGenerationPrompt: false, tools }),
    theirs: ({ messages, tools }: Row) =>
      theirs.render({ ...tokens, messages, tools: tools ?? null, add_generation_prompt: false }),
  };
  for (const [kind, all] of [
    ["turns", chats],
    ["calls", calls],
  ] as const) {
    const rows = all.filter((row) =>
      Object.values(sides).every((render) => succeeds(() => render(row))),
    );
    const times: Record<keyof typeof sides, number[]> = { ours: [], theirs: [] };
    for (let round = 0; round < rounds; round++)
      for (const side of ["ours", "theirs"] as const)
        times[side].push(milliseconds(() => rows.forEach((row) => void sides[side](row))));
    const [our, their] = [times.ours, times.theirs].map(
      (list) => (median(list) * 1000) / rows.length,
    ) as [number, number];
    console.log(
      `${name} ${kind}: ${our.toFixed(0)} µs a row, @huggingface/jinja ${their.toFixed(0)} µs, ` +
        `${(their / our).toFixed(1)} times as fast (${rows.length} of ${all.length} rows)`,
    );
    if (our > their) process.exitCode = 1;
  }
}

function succeeds(job: () => unknown): boolean {
  try {
    job();
    return true;
  } catch {
    return false;
  }
}
