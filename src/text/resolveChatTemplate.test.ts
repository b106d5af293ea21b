import { describe, expect, test } from "vitest";
import { ConfigError, DataError } from "../util/errors.js";
import { checkLabels, checkTokenIds } from "./checks.js";
import { encodeConversation } from "./encodeConversation.js";
import { createJinjaTemplate } from "./jinjaTemplate.js";
import { loadTokenizer } from "./loadTokenizer.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { chatTemplateNames } from "./templateForms.js";
import { byteTokenizer, chatmlJinja, sentencePieceDirectory } from "./testTokenizers.js";
import type { Message } from "./types.js";

const tokenizer = byteTokenizer([], chatmlJinja);
const source = { file: "rows.jsonl", line: 12 };

/** The error that a call throws, with its why and todo. */
function failure(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("resolving a template", () => {
  test("without a name gives the model's own, which ends turns with its end token", () => {
    const template = resolveChatTemplate(undefined, tokenizer);
    expect(template).toMatchObject({
      name: "tokenizer",
      stop: ["<|im_end|>"],
      stopTokenIds: [tokenizer.eosTokenId],
    });
    expect(resolveChatTemplate(template.name, tokenizer).stop).toEqual(template.stop);
  });

  test("of a model that has none lists the names that there are", () => {
    const error = failure(() => resolveChatTemplate(undefined, byteTokenizer()));
    expect(error).toBeInstanceOf(ConfigError);
    for (const name of chatTemplateNames) expect((error as ConfigError).todo).toContain(name);
  });

  test.each(["chatlm", "constructor", ""])("refuses the unknown name %j", (name) => {
    expect(() => resolveChatTemplate(name, tokenizer)).toThrow(/unknown chat template/);
  });

  test("refuses a format whose tokens the tokenizer lacks", () => {
    const error = failure(() => resolveChatTemplate("llama3", tokenizer));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      why: "its tokenizer lacks the tokens <|eot_id|>, <|start_header_id|>, <|end_header_id|>",
      todo: expect.stringContaining(
        'new_tokens: ["<|eot_id|>","<|start_header_id|>","<|end_header_id|>"]',
      ),
    });
  });

  test("names the fault of a template that cannot be parsed", () => {
    expect(() => createJinjaTemplate("{% if %}", "broken", tokenizer)).toThrow(
      /chat template broken cannot be parsed/,
    );
  });
});

describe("rendering", () => {
  const system: Message[] = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Hello" },
  ];

  test("refuses a system message where the format has no place for it", async () => {
    const small = await loadTokenizer(sentencePieceDirectory);
    for (const name of ["firefly-classic", "firefly-baichuan", "firefly-baichuan2"]) {
      const error = failure(() => resolveChatTemplate(name, small).render(system, { source }));
      expect(error).toBeInstanceOf(DataError);
      expect(String(error)).toMatch(
        /rows\.jsonl:12: chat template .* does not support system message/,
      );
    }
  });

  test("refuses tools where the format has no place for them", () => {
    const template = resolveChatTemplate("chatml", tokenizer);
    const answer: Message[] = [{ role: "tool", content: "42" }];
    expect(() => template.render(answer)).toThrow(/does not support tools/);
    expect(() => template.render(system, { tools: [{}] })).toThrow(/does not support tools/);
  });

  test("passes on what a template raises, with file and line", () => {
    const template = createJinjaTemplate("{{ raise_exception('no thanks') }}", "rude", tokenizer);
    const error = failure(() => template.render(system, { source }));
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({
      message: "rows.jsonl:12: chat template rude rejected the conversation",
      why: "no thanks",
    });
  });

  test("says when the template's turns have no end token to learn", () => {
    const notes = (end: string) =>
      createJinjaTemplate(
        `{% for m in messages %}<{{ m.role }}>{{ m.content }}${end}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}`,
        "ends",
        tokenizer,
      ).notes;
    expect(notes("<|im_end|>\n")).toBeUndefined();
    expect(notes("\n")).toEqual([expect.stringContaining("no end token")]);
  });

  test("says when a model's own template writes marks that are no tokens", () => {
    const other = chatmlJinja.replaceAll("im_", "turn_");
    expect(createJinjaTemplate(other, "other", tokenizer).notes).toEqual([
      expect.stringMatching(/<\|turn_(start|end)\|>, <\|turn_(start|end)\|>, for which/),
    ]);
    expect(createJinjaTemplate(chatmlJinja, "own", tokenizer).notes).toBeUndefined();
  });

  test("refuses a template that hides turns instead of guessing the labels", () => {
    const template = createJinjaTemplate("{{ messages[0].content }}", "first", tokenizer);
    expect(() => template.render(system, { source })).toThrow(
      /rows\.jsonl:12: cannot find the assistant's turns/,
    );
    expect(template.render(system, { promptOnly: true })).toEqual([
      { text: "Be brief.", train: false },
    ]);
  });

  test("refuses a template that writes a tool's result inside the turn that calls it", () => {
    const within =
      "{% for m in messages if m.role != 'tool' %}[{{ m.role }}]{{ m.tool_calls }}{% if m.tool_calls %}{{ messages[loop.index].content }}{% endif %}{{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";
    const template = createJinjaTemplate(within, "within", tokenizer);
    const call = { function: { name: "clock", arguments: {} } };
    const messages: Message[] = [
      { role: "user", content: "What time is it?" },
      { role: "assistant", content: "Let me look.", tool_calls: [call] },
      { role: "tool", content: "noon" },
      { role: "assistant", content: "It is noon." },
    ];
    expect(() => template.render(messages, { source })).toThrow(
      /rows\.jsonl:12: cannot find the assistant's turns/,
    );
  });

  test.each([
    ["chatml", {}],
    ["firefly-yi", { apart: true }],
  ])("of %s gives the segments that it should", (name, apart) => {
    const template = resolveChatTemplate(name, tokenizer);
    expect(template.render(system, { addGenerationPrompt: true })).toEqual([
      { text: "<|im_start|>system\nBe brief.<|im_end|>\n", train: false, ...apart, message: 0 },
      { text: "<|im_start|>user\nHi<|im_end|>\n", train: false, ...apart, message: 1 },
      { text: "<|im_start|>assistant\n", train: false },
      { text: "Hello<|im_end|>", train: true, ...apart, message: 2 },
      { text: "\n", train: false },
      { text: "<|im_start|>assistant\n", train: false, ...apart },
    ]);
  });

  test("of a format that puts the system message into the question refuses a second one", async () => {
    const template = resolveChatTemplate("llama2", await loadTokenizer(sentencePieceDirectory));
    const placeholders: Message[] = [
      { role: "system", content: "{content} {system} $&" },
      { role: "user", content: "{system}" },
    ];
    expect(template.render(placeholders)[0]).toMatchObject({
      text: "<s>[INST] <<SYS>>\n{content} {system} $&\n<</SYS>>\n\n{system} [/INST]",
    });
    for (const messages of [[system[0]!, ...system], system.slice(0, 1)]) {
      expect(() => template.render(messages, { source })).toThrow(
        "rows.jsonl:12: chat template llama2 has no place for a system message",
      );
    }
  });

  test("does not read $-patterns in a message as anything but text", () => {
    const template = resolveChatTemplate("chatml", tokenizer);
    const [segment] = template.render([{ role: "user", content: "$& $1 $$ {content}" }]);
    expect(segment).toMatchObject({ text: "<|im_start|>user\n$& $1 $$ {content}<|im_end|>\n" });
  });
});

describe("checks before training", () => {
  const template = resolveChatTemplate("chatml", tokenizer);
  const encode = (messages: Message[], maxSeqLength?: number) =>
    encodeConversation({ messages, source }, tokenizer, template, { maxSeqLength });

  test("refuse an id without an embedding, naming the token's text", async () => {
    const encoded = await encode([{ role: "user", content: "Hi" }]);
    expect(() => checkTokenIds(encoded, tokenizer.vocabSize, tokenizer)).not.toThrow();
    const error = failure(() => checkTokenIds(encoded, tokenizer.vocabSize - 1, tokenizer));
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toContain(
      'rows.jsonl:12: the model has no embedding for token "<|im_end|>" (id 257)',
    );
    expect((error as DataError).why).toContain("257 rows");
  });

  test("refuse a conversation that teaches nothing, saying why", async () => {
    const talk: Message[] = [
      { role: "user", content: "A question" },
      { role: "assistant", content: "An answer" },
    ];
    expect(failure(() => checkLabels({ ...emptyOf() }))).toBeInstanceOf(DataError);
    const cut = await encode(talk, 8);
    const fine = await encode(talk);
    const silent = await encode(talk.slice(0, 1));
    expect(() => checkLabels(fine)).not.toThrow();
    expect(failure(() => checkLabels(cut))).toMatchObject({
      message: "rows.jsonl:12: no token of this conversation is trained on",
      why: expect.stringContaining("max_seq_length 8"),
    });
    expect(failure(() => checkLabels(silent))).toMatchObject({
      why: "it has no assistant message, or none that is trained on",
    });
  });

  function emptyOf() {
    return {
      inputIds: new Int32Array(0),
      labels: new Int32Array(0),
      labelledTokens: 0,
      truncated: false,
      fullLength: 0,
      segments: [],
    };
  }
});
