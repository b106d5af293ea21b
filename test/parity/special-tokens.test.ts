/** Conversations whose own text spells special tokens: ids equal to transformers'. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  type ChatTemplate,
  type Conversation,
  createJinjaTemplate,
  encodeConversation,
  encodePrompt,
  loadTokenizer,
  resolveChatTemplate,
  type Tokenizer,
} from "../../src/text/index.js";
import { builtinModelPath } from "../../src/util/builtin-model.js";
import { readPackedJson } from "../packedJson.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));

interface Case {
  /** Null: the tokenizer's own. */
  template: string | null;
  conversation: string;
  ids?: number[];
  prompt_ids?: number[];
  /** What the template raises. */
  error?: string;
}

const fixture: Record<string, { conversations: Record<string, Conversation>; cases: Case[] }> =
  readPackedJson(join(fixtures, "special-tokens.json.gz"));

const hasModel = existsSync(builtinModelPath());
if (!hasModel) console.warn("skipped: the built-in model is not set up (./tunewright setup)");

for (const [name, { conversations, cases }] of Object.entries(fixture)) {
  const isBuiltin = name === "builtin";
  describe.skipIf(isBuiltin && !hasModel)(`with the tokenizer ${name}`, () => {
    let tokenizer: Promise<Tokenizer> | undefined;
    const open = () => {
      tokenizer ??= loadTokenizer(isBuiltin ? builtinModelPath() : join(fixtures, name));
      return tokenizer;
    };
    const templateOf = (own: Tokenizer, template: string | null): ChatTemplate =>
      template === null
        ? resolveChatTemplate(undefined, own)
        : createJinjaTemplate(
            readFileSync(join(fixtures, "templates", `${template}.jinja`), "utf8"),
            template,
            own,
          );
    const titled = cases
      .filter(({ error }) => error === undefined)
      .map((one) => [one.template ?? "its own template", one.conversation, one] as const);

    test.each(titled)("%s encodes %s as text", async (_template, key, one) => {
      const own = await open();
      const template = templateOf(own, one.template);
      const conversation = conversations[key]!;
      const { inputIds } = await encodeConversation(conversation, own, template, {
        trainOn: "all",
        specialTokensInText: "text",
      });
      expect([...inputIds]).toEqual(one.ids);
      const { messages, tools } = conversation;
      expect([...(await encodePrompt(messages, own, template, tools))]).toEqual(one.prompt_ids);
    });
  });
}
