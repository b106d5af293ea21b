/** Named templates with tools, reasoning, dates or parts: text, ids and labels of their publishers' programs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  type Conversation,
  type EncodedConversation,
  encodeConversation,
  encodePrompt,
  ignoredLabel,
  loadTokenizer,
  renderConversation,
  resolveChatTemplate,
  textOf,
} from "../../src/text/index.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));

interface Case {
  template: string;
  conversation: string;
  ids: number[];
  /** Ranges of ids that are labels; absent where nothing is. */
  learnt?: [number, number][];
}
const golden: { date: string; conversations: Record<string, Conversation>; cases: Case[] } =
  JSON.parse(readFileSync(join(fixtures, "golden-templates.json"), "utf8"));
const tokenizer = await loadTokenizer(join(fixtures, "marked-bytelevel"));

/** Ranges of positions with labels; two turns never touch. */
function learntRanges({ inputIds, labels }: EncodedConversation): [number, number][] {
  const ranges: [number, number][] = [];
  for (const [at, label] of labels.entries()) {
    if (label === ignoredLabel) continue;
    expect(label).toBe(inputIds[at]);
    const last = ranges.at(-1);
    if (last?.[1] === at) last[1]++;
    else ranges.push([at, at + 1]);
  }
  return ranges;
}

describe.each(golden.cases.map((one) => [one.template, one.conversation, one] as const))(
  "%s",
  (name, key, { ids, learnt }) => {
    const dated = name.startsWith("llama3.") ? { date_string: golden.date } : {};
    const template = resolveChatTemplate(name, tokenizer, dated);
    const talk = golden.conversations[key]!;
    const asks = talk.messages.at(-1)!.role !== "assistant";

    test(`writes ${key}`, async () => {
      const asked = { addGenerationPrompt: asks, promptOnly: asks };
      const segments = renderConversation(talk, template, asked);
      const start = "ids" in segments[0]! ? "<s>" : "";
      expect(start + textOf(segments)).toBe(tokenizer.decode(ids));
      if (asks) {
        const prompt = await encodePrompt(talk.messages, tokenizer, template, talk.tools);
        expect([...prompt]).toEqual(ids);
      } else {
        const encoded = await encodeConversation(talk, tokenizer, template, {
          specialTokensInText: "token",
        });
        expect([...encoded.inputIds]).toEqual(ids);
        if (learnt) expect(learntRanges(encoded)).toEqual(learnt);
      }
    });
  },
);
