/** Sequences of conversations with reasoning: what transformers and TRL render of them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeRows } from "../../src/data/index.js";
import {
  type ChatTemplate,
  type Conversation,
  createJinjaTemplate,
  encodePrompt,
  loadTokenizer,
  type ReasoningChoice,
  type TemplateVariables,
  type Tokenizer,
} from "../../src/text/index.js";
import { builtinModelPath } from "../../src/util/builtin-model.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));
const fixture: Fixture = JSON.parse(readFileSync(join(fixtures, "reasoning.json"), "utf8"));

interface Fixture {
  conversations: Record<string, Conversation>;
  cases: Case[];
  variables: { variables: TemplateVariables; ids: number[] }[];
}

interface Case {
  template: string;
  conversation: string;
  whole: number[];
  split: { end: number; ids: number[]; prompt_ids: number[] }[];
  kept: number[];
  kept_mask?: string;
}

const hasModel = existsSync(builtinModelPath());
if (!hasModel) console.warn("skipped: the built-in model is not set up (./tunewright setup)");

describe.skipIf(!hasModel)("reasoning", () => {
  let tokenizer: Tokenizer;
  const templates = new Map<string, ChatTemplate>();
  beforeAll(async () => {
    tokenizer = await loadTokenizer(builtinModelPath());
    for (const name of new Set(fixture.cases.map(({ template }) => template))) {
      const source = readFileSync(join(fixtures, "templates", `${name}.jinja`), "utf8");
      templates.set(name, createJinjaTemplate(source, name, tokenizer));
    }
  });

  async function encode(one: Case, reasoning: ReasoningChoice | undefined) {
    const conversation = fixture.conversations[one.conversation]!;
    const source = { file: "rows.jsonl", line: 3 };
    const reader = { read: async () => ({ ...conversation, source }), place: () => source };
    const template = templates.get(one.template)!;
    const [row] = await encodeRows(reader, [0], { tokenizer, template, reasoning });
    return row!;
  }
  async function sequences(one: Case, reasoning: ReasoningChoice) {
    const row = await encode(one, reasoning);
    if (!row.ok) throw row.error;
    return row;
  }
  const labelled = (labels: Int32Array) =>
    [...labels].flatMap((label, index) => (label === -100 ? [] : [index]));
  const named = fixture.cases.map((one) => [one.template, one.conversation, one] as const);
  const opens = (one: Case) => one.template === "reasoner";

  test.each(named.filter(([, , one]) => !opens(one)))(
    "split of %s, %s: each sequence is apply_chat_template's, and what follows its prompt is learnt",
    async (_template, _conversation, one) => {
      const { encoded, leftOut } = await sequences(one, "split");
      expect(leftOut.reasoning).toBe(0);
      expect(encoded.map(({ inputIds }) => [...inputIds])).toEqual(one.split.map(({ ids }) => ids));
      for (const [index, { labels, inputIds }] of encoded.entries()) {
        const prompt = one.split[index]!.prompt_ids;
        expect([...inputIds].slice(0, prompt.length)).toEqual(prompt);
        const learnt = labelled(labels);
        expect(learnt[0]).toBe(prompt.length);
        // All up to the end token; the line break behind it is not generated.
        expect(learnt.length).toBe(inputIds.length - prompt.length - 1);
      }
    },
  );

  test.each(named.filter(([, , one]) => opens(one)))(
    "split of %s, %s: where the prompt opens the reasoning, it goes on from there",
    async (_template, key, one) => {
      const { encoded } = await sequences(one, "split");
      const { messages } = fixture.conversations[key]!;
      for (const [index, { labels, inputIds }] of encoded.entries()) {
        const { end, ids, prompt_ids: prompt } = one.split[index]!;
        const { content } = messages[end - 1]!;
        if (!content.includes("</think>")) {
          expect([...inputIds]).toEqual(ids);
          continue;
        }
        expect([...inputIds].slice(0, prompt.length)).toEqual(prompt);
        const learnt = labelled(labels);
        expect(learnt[0]).toBe(prompt.length);
        const text = await tokenizer.decode(inputIds.slice(prompt.length));
        expect(text).toBe(`${content.slice("<think>\n".length)}<|im_end|>`);
      }
    },
  );

  test.each(named)(
    "keep of %s, %s is what a template gives that cuts nothing off",
    async (...row) => {
      const one = row[2];
      const { encoded } = await sequences(one, "keep");
      expect(encoded.map(({ inputIds }) => [...inputIds])).toEqual([one.kept]);
      if (one.kept_mask === undefined) return;
      const mask = [...one.kept_mask].map(Number);
      // TRL also learns the line break behind the end token.
      const end = tokenizer.eosTokenId;
      const wanted = mask.flatMap((on, at) => (on && one.kept[at - 1] !== end ? [at] : []));
      expect(labelled(encoded[0]!.labels)).toEqual(wanted);
    },
  );

  test.each(named.filter(([, , one]) => !opens(one)))(
    "last of %s, %s is the template's own text, and counts what it lacks",
    async (_template, key, one) => {
      const { encoded, leftOut } = await sequences(one, "last");
      expect(encoded.map(({ inputIds }) => [...inputIds])).toEqual([one.whole]);
      expect(leftOut.reasoning).toBe({ keys: 1, content: 1, partly: 1, tools: 2 }[key]);
    },
  );

  test.each(named)("drop of %s, %s leaves nothing of it, and counts it", async (...row) => {
    const { encoded, leftOut } = await sequences(row[2], "drop");
    const text = await tokenizer.decode(encoded[0]!.inputIds);
    expect(text).not.toMatch(
      /seven|three:|问好|greeting|two is|look\.|tool says|Look again|says yes/,
    );
    expect(leftOut.reasoning).toBe({ keys: 2, content: 2, partly: 1, tools: 4 }[row[1]]);
  });

  test.each(named)("%s, %s is refused where nothing says what is meant", async (...row) => {
    const result = await encode(row[2], undefined);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.error.message).toMatch(
      /^rows\.jsonl:3: chat template \S+ leaves out the reasoning of message \d$/,
    );
    expect(result.error.todo).toContain("reasoning: drop");
  });

  test("a template that shows no reasoning at all is refused with last", async () => {
    const one = fixture.cases.find((each) => opens(each) && each.conversation === "content")!;
    const result = await encode(one, "last");
    expect(!result.ok && result.error.message).toContain("leaves out the reasoning of message 4");
  });

  test.each(fixture.variables.map((one) => [JSON.stringify(one.variables), one] as const))(
    "a prompt with the variables %s is transformers'",
    async (_name, { variables, ids }) => {
      const messages = fixture.conversations.keys!.messages.slice(0, 2);
      const source = readFileSync(join(fixtures, "templates", "qwen3-thinking.jinja"), "utf8");
      const template = createJinjaTemplate(source, "own", tokenizer, { variables });
      expect([...(await encodePrompt(messages, tokenizer, template))]).toEqual(ids);
    },
  );
});
