/** The Jinja that is saved for named templates gives, in transformers, the text and ids that training has. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  type ChatTemplate,
  type Conversation,
  chatTemplateJinja,
  chatTemplateNames,
  encodeConversation,
  encodePrompt,
  loadTokenizer,
  renderConversation,
  resolveChatTemplate,
  type Tokenizer,
  textOf,
} from "../../src/text/index.js";
import { readPackedJson } from "../packedJson.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));
const read = <T>(name: string) => readPackedJson<T>(join(fixtures, name));

const golden: { date: string; conversations: Record<string, Conversation> } = read(
  "golden-templates.json.gz",
);
/** By name: a digest of the source, and of what transformers renders with it. */
const rendered: Record<string, { source: string; results: Record<string, string> }> = read(
  "template-sources.json.gz",
);

const tokenizers = await Promise.all(
  ["marked-bytelevel", "tiny-sentencepiece"].map((name) => loadTokenizer(join(fixtures, name))),
);
const short = (text: string) => createHash("sha1").update(text).digest("hex").slice(0, 12);

/** The template for a tokenizer; undefined where it has not the tokens. */
function resolved(name: string, tokenizer: Tokenizer): ChatTemplate | undefined {
  const dated = name.startsWith("llama3.") ? { date_string: golden.date } : {};
  try {
    return resolveChatTemplate(name, tokenizer, dated);
  } catch {
    return undefined;
  }
}

/** Digests of text and ids as training has them; `!` where the template refuses the conversation. */
async function ours(talk: Conversation, template: ChatTemplate, tokenizer: Tokenizer) {
  const asks = talk.messages.at(-1)!.role !== "assistant";
  try {
    const segments = renderConversation(talk, template, {
      addGenerationPrompt: asks,
      promptOnly: true,
    });
    const ids = asks
      ? await encodePrompt(talk.messages, tokenizer, template, talk.tools)
      : (await encodeConversation(talk, tokenizer, template, { specialTokensInText: "token" }))
          .inputIds;
    const start = segments[0] && "ids" in segments[0] ? tokenizer.decode(segments[0].ids) : "";
    return { text: short(start + textOf(segments)), ids: short(ids.join()) };
  } catch {
    return "!";
  }
}

const spelledIds = ["baichuan", "baichuan2", "baichuan-official"];
const unspelledIds = ["chatglm3", "firefly-classic"];

test("formats of token ids say what Jinja cannot say, and all others are sources", () => {
  expect(chatTemplateNames.filter((name) => !(name in rendered)).toSorted()).toEqual(
    [...spelledIds, ...unspelledIds].toSorted(),
  );
  for (const name of unspelledIds) {
    const { source, note } = chatTemplateJinja({ name }, tokenizers[1]!);
    expect(source).toBeUndefined();
    expect(note).toContain("token ids");
  }
  for (const name of spelledIds) {
    expect(chatTemplateJinja({ name }, tokenizers[1]!).note).toContain("encoded in parts");
  }
});

describe.each(Object.entries(rendered))("%s", (name, { source: digest, results }) => {
  const { source, note } = chatTemplateJinja({ name }, tokenizers[0]!);

  test("is the source that transformers rendered (else run template_source_fixtures.py)", () => {
    expect(short(source!)).toBe(digest);
  });

  test("has the text of training, and its ids unless it says otherwise", async () => {
    const fitting = tokenizers.flatMap((tokenizer) => {
      const template = resolved(name, tokenizer);
      return template ? [{ tokenizer, template }] : [];
    });
    expect(fitting.length).toBeGreaterThan(0);
    for (const { tokenizer, template } of fitting) {
      for (const [key, talk] of Object.entries(golden.conversations)) {
        const place = `${tokenizer.name}/${key}`;
        const [text, ids] = results[place]!.split(" ");
        const here = await ours(talk, template, tokenizer);
        if (here === "!") expect(text, place).toBe("!");
        else if (note === undefined) expect({ place, ...here }).toEqual({ place, text, ids });
        else expect({ place, text: here.text }).toEqual({ place, text });
      }
    }
  });
});
