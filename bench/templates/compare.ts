/** Renders what reference.py rendered, and counts the differences: npx tsx bench/templates/compare.ts FOLDER [SHOWN] */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileJinja, type JinjaRenderer } from "../../src/text/jinja/index.js";
import type { Message } from "../../src/text/types.js";
import type { ConfigError } from "../../src/util/errors.js";
import { type JsonValue, parseJson } from "../../src/util/json/index.js";

export interface Conversation {
  messages: Message[];
  tools?: JsonValue[];
  add_generation_prompt: boolean;
  variables?: Record<string, JsonValue>;
}

const tokens = { bos_token: "<s>", eos_token: "</s>", pad_token: "<pad>", unk_token: "<unk>" };
const noon = () => new Date(2024, 6, 4, 12);

/**
 * What a template makes of each conversation: a digest of text and spans as reference.py has it, or `!` and the reason
 * where it raises.
 */
export function outcomes(
  source: string,
  name: string,
  conversations: readonly Conversation[],
): string[] {
  let renderer: JinjaRenderer;
  try {
    renderer = compileJinja(source, name, tokens, noon);
  } catch (error) {
    return conversations.map(() => `!${(error as ConfigError).why}`);
  }
  const hasMarks = source.includes("generation %}");
  return conversations.map((one) => outcome(renderer, hasMarks, one));
}

function outcome(renderer: JinjaRenderer, hasMarks: boolean, one: Conversation): string {
  try {
    const { text, spans } = renderer.renderMarked(one.messages, {
      addGenerationPrompt: one.add_generation_prompt,
      tools: one.tools,
      variables: one.variables,
    });
    const marks = hasMarks ? spans : [];
    const places = marks.map((span) => `|${span.map((at) => codePoints(text, at)).join("-")}`);
    const whole = Buffer.from(text + places.join(""), "utf16le");
    return createHash("sha1").update(whole).digest("hex").slice(0, 16);
  } catch (error) {
    return `!${error instanceof Error ? error.message : error}`;
  }
}

function codePoints(text: string, offset: number): number {
  let count = 0;
  for (let at = 0; at < offset; count++) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  return count;
}

/** Whether both raise, or both give the same. */
function same(expected: string, found: string): boolean {
  return expected.startsWith("!") ? found.startsWith("!") : expected === found;
}

function readConversations(folder: string): Conversation[] {
  return readFileSync(join(folder, "conversations.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => parseJson(line) as unknown as Conversation);
}

function main(folder: string, shown: number): void {
  const conversations = readConversations(folder);
  const names = readdirSync(join(folder, "sources")).sort();
  let renderings = 0;
  let errors = 0;
  const differences: string[] = [];
  for (const file of names) {
    const name = file.replace(/\.jinja$/, "");
    const source = readFileSync(join(folder, "sources", file), "utf8");
    const expected = readFileSync(join(folder, "reference", `${name}.txt`), "utf8")
      .trimEnd()
      .split("\n");
    for (const [at, found] of outcomes(source, name, conversations).entries()) {
      renderings++;
      if (expected[at]!.startsWith("!")) errors++;
      if (!same(expected[at]!, found))
        differences.push(`${name} ${at}: ${expected[at]} / ${found}`);
    }
  }
  for (const line of differences.slice(0, shown)) console.log(line);
  console.log(
    `${names.length} templates, ${conversations.length} conversations, ${renderings} renderings ` +
      `(${errors} of which raise), ${differences.length} differences`,
  );
  if (differences.length > 0) process.exitCode = 1;
}

if (process.argv[1] === import.meta.filename && process.argv[2])
  main(process.argv[2], Number(process.argv[3] ?? 20));
