/** Chat templates equal to transformers' and Firefly's: text, ids and labels. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Conversation,
  createJinjaTemplate,
  encodeConversation,
  encodePrompt,
  fireflyTemplateName,
  loadTokenizer,
  resolveChatTemplate,
  type Segment,
  type Tokenizer,
} from "../../src/text/index.js";
import { builtinModelPath } from "../../src/util/builtin-model.js";
import { readPackedJson } from "../packedJson.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));
const fixture = readPackedJson<{
  now: string;
  conversations: Record<string, Conversation>;
  cases: Case[];
}>(join(fixtures, "templates.json.gz"));
const conversations: Record<string, Conversation> = fixture.conversations;
const cases: Case[] = fixture.cases;
const time = () => new Date(fixture.now);

interface Case {
  template: string;
  conversation: string;
  error?: string;
  text: string;
  prompt: string;
  ids: string;
  prompt_ids: string;
  /** assistant_masks of transformers. */
  mask?: string;
  /** Where it differs: the same without tokens that start before the assistant's words. */
  starts?: string;
}

const hasModel = existsSync(builtinModelPath());
if (!hasModel) console.warn("skipped: the built-in model is not set up (./tunewright setup)");

function joined(segments: Segment[]): string {
  return segments.map((segment) => ("text" in segment ? segment.text : "")).join("");
}

function sha256(ids: Int32Array): string {
  return createHash("sha256")
    .update(Buffer.from(Int32Array.of(...ids, -1).buffer))
    .digest("hex");
}

describe.skipIf(!hasModel)("Jinja templates", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(builtinModelPath());
  });
  const templateOf = (name: string) =>
    name === "smollm2"
      ? resolveChatTemplate(undefined, tokenizer)
      : createJinjaTemplate(
          readFileSync(join(fixtures, "templates", `${name}.jinja`), "utf8"),
          name,
          tokenizer,
          { now: time },
        );
  /** This template writes the system message only while the question is the last message. */
  const unclear = (one: Case) => one.template === "mistral-tools" && one.conversation === "tools";
  const label = (one: Case) => `${one.template} renders ${one.conversation} as transformers does`;

  test.each(cases.map((one) => [label(one), one] as const))("%s", async (_, one) => {
    const template = templateOf(one.template);
    const { messages, tools } = conversations[one.conversation]!;
    const render = (addGenerationPrompt: boolean) =>
      joined(template.render(messages, { tools, addGenerationPrompt, promptOnly: true }));
    if (one.error !== undefined) {
      expect(() => render(false)).toThrow(expect.objectContaining({ why: one.error }));
      return;
    }
    expect(render(false)).toBe(one.text);
    expect(render(true)).toBe(one.prompt);
    expect(sha256(await encodePrompt(messages, tokenizer, template, tools))).toBe(one.prompt_ids);
    const conversation: Conversation = tools ? { messages, tools } : { messages };
    const whole = await encodeConversation(conversation, tokenizer, template, { trainOn: "all" });
    expect(sha256(whole.inputIds)).toBe(one.ids);
    if (one.mask !== undefined) {
      const encoded = await encodeConversation(conversation, tokenizer, template);
      expect(encoded.inputIds).toEqual(whole.inputIds);
      const mask = Array.from(encoded.labels, (id) => (id === -100 ? "0" : "1")).join("");
      expect(mask).toBe(one.starts ?? one.mask);
    }
  });

  test.each(
    cases
      .filter((one) => one.error === undefined && !unclear(one))
      .map((one) => [one.template, one.conversation, one]),
  )(
    "%s trains on every turn of the assistant in %s with its end token",
    async (_name, _key, one) => {
      const template = templateOf(one.template);
      const { messages, tools } = conversations[one.conversation]!;
      const trained = template.render(messages, { tools }).filter((segment) => segment.train);
      const turns = messages.filter((message) => message.role === "assistant");
      expect(trained).toHaveLength(turns.length);
      for (const [index, segment] of trained.entries()) {
        const text = "text" in segment ? segment.text : "";
        const words = turns[index]!.content.replace(/^.*<\/think>\n*/s, "").trim();
        expect(text).toContain(words);
        expect(
          template.stop.some((stop) => text.endsWith(stop)),
          text,
        ).toBe(true);
        expect(text).not.toMatch(/^<\|(im_start|start_header_id|Assistant)\|>/);
      }
    },
  );

  test.each(cases.filter(unclear))(
    "$template refuses $conversation, whose turns it hides",
    (one) => {
      const { messages, tools } = conversations[one.conversation]!;
      const source = { file: "rows.jsonl", line: 7 };
      expect(() => templateOf(one.template).render(messages, { tools, source })).toThrow(
        /^rows\.jsonl:7: cannot find the assistant's turns/,
      );
    },
  );
});

describe("Firefly's and Baichuan's formats", async () => {
  const tokenizer = await loadTokenizer(join(fixtures, "tiny-sentencepiece"));
  const firefly: FormatCase[] = JSON.parse(
    readFileSync(join(fixtures, "firefly.json"), "utf8"),
  ).cases;

  interface FormatCase {
    template: string;
    conversation: string;
    ids: number[];
    mask?: number[];
    labels?: number[];
  }
  test.each(firefly.map((one) => [one.template, one.conversation, one] as const))(
    "%s gives %s the ids and labels of its own code",
    async (name, key, one) => {
      const template = resolveChatTemplate(fireflyTemplateName(name), tokenizer);
      const messages = conversations[key]!.messages.filter((message) => message.role !== "system");
      const { inputIds, labels } = await encodeConversation({ messages }, tokenizer, template);
      expect([...inputIds]).toEqual(one.ids);
      if (one.labels) {
        // Nothing predicts the first position, so it has no label here.
        expect([...labels].slice(1)).toEqual(one.labels.slice(1));
        return;
      }
      const mask = [...one.mask!];
      // Firefly also trains on the newline behind an end token; here a turn ends with that token.
      const newline = ["qwen", "yi", "zephyr"].includes(name);
      for (const [index, on] of mask.entries()) {
        if (newline && on && mask[index + 1] !== 1) {
          for (let at = index; inputIds[at] !== template.stopTokenIds[0]; at--) mask[at] = 0;
        }
      }
      expect(Array.from(labels, (id) => (id === -100 ? 0 : 1))).toEqual(mask);
    },
  );
});
