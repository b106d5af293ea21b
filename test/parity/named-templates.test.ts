/** Named templates equal to those that the publishers of models trained with: text, ids and labels. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  type Conversation,
  encodeConversation,
  encodePrompt,
  loadTokenizer,
  type Message,
  resolveChatTemplate,
  type Segment,
} from "../../src/text/index.js";
import { readPackedJson } from "../packedJson.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));
const read = <T>(name: string) => readPackedJson<T>(join(fixtures, name));
const { conversations } = read<{ conversations: Record<string, Conversation> }>(
  "templates.json.gz",
);

interface Case {
  template: string;
  tokenizer: string;
  conversation: string;
  text: string;
  text_ids: number[];
  /** Without the last answer, which it asks for. */
  prompt: string;
  prompt_ids: number[];
  error?: string;
}
const { cases } = read<{ cases: Case[] }>("named-templates.json.gz");

const textOf = (segments: Segment[]) =>
  segments.map((segment) => ("text" in segment ? segment.text : "")).join("");

describe.each(cases.map((one) => [one.template, one.conversation, one] as const))(
  "%s",
  (...[name, key, one]) => {
    const open = async () => {
      const tokenizer = await loadTokenizer(join(fixtures, one.tokenizer));
      return { tokenizer, template: resolveChatTemplate(name, tokenizer) };
    };
    const messages: Message[] = conversations[key]!.messages;

    if (one.error !== undefined) {
      test(`refuses ${key}`, async () => {
        const { template } = await open();
        expect(() => template.render(messages)).toThrow("does not support system messages");
      });
      return;
    }

    test(`writes ${key}`, async () => {
      const { tokenizer, template } = await open();
      expect(textOf(template.render(messages))).toBe(one.text);
      const open_ = { addGenerationPrompt: true };
      expect(textOf(template.render(messages.slice(0, -1), open_))).toBe(one.prompt);
      const { inputIds } = await encodeConversation({ messages }, tokenizer, template);
      expect([...inputIds]).toEqual(one.text_ids);
      const prompt = await encodePrompt(messages.slice(0, -1), tokenizer, template);
      expect([...prompt]).toEqual(one.prompt_ids);
    });

    test(`trains on the answers of ${key} with their end`, async () => {
      const { template } = await open();
      const trained = template.render(messages).filter(({ train }) => train);
      const answers = messages.filter(({ role }) => role === "assistant");
      expect(trained.map((segment) => textOf([segment]).trim())).toEqual(
        answers.map(({ content }) => expect.stringContaining(content.trim())),
      );
      for (const segment of trained)
        expect(textOf([segment]).endsWith(template.stop[0]!)).toBe(true);
    });
  },
);
