import { describe, expect, test } from "vitest";
import { encodeConversation, encodeConversations, encodePrompt } from "./encodeConversation.js";
import { createJinjaTemplate } from "./jinjaTemplate.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { byteTokenizer, chatmlJinja } from "./testTokenizers.js";
import type { ChatTemplate, Conversation, EncodedConversation, Segment } from "./types.js";

const tokenizer = byteTokenizer(["a b"], chatmlJinja);
const own = resolveChatTemplate(undefined, tokenizer);

/** The text of the labelled tokens, a bar between runs. */
function labelled({ inputIds, labels }: EncodedConversation): string {
  let out = "";
  let run: number[] = [];
  for (let index = 0; index <= inputIds.length; index++) {
    if (index < inputIds.length && labels[index] !== -100) {
      expect(labels[index]).toBe(inputIds[index]);
      run.push(inputIds[index]!);
    } else if (run.length > 0) {
      out += `${out && "|"}${tokenizer.decode(run)}`;
      run = [];
    }
  }
  return out;
}

/** A template that gives these segments whatever the messages are. */
function fixed(segments: Segment[]): ChatTemplate {
  return {
    name: "fixed",
    stop: [],
    stopTokenIds: [],
    mentions: () => false,
    render: () => structuredClone(segments),
  };
}

const talk: Conversation = {
  messages: [
    { role: "user", content: "你好😀" },
    { role: "assistant", content: "好👍🏽啊" },
    { role: "user", content: "again" },
    { role: "assistant", content: "好👍🏽啊" },
  ],
  source: { file: "talk.jsonl", line: 3 },
  id: "talk",
};

describe("labels", () => {
  test("cover every turn of the assistant and its end token, exactly", async () => {
    const encoded = await encodeConversation(talk, tokenizer, own);
    expect(labelled(encoded)).toBe("好👍🏽啊<|im_end|>|好👍🏽啊<|im_end|>");
    expect(encoded).toMatchObject({ source: talk.source, id: "talk", truncated: false });
    const count = encoded.labels.filter((label) => label !== -100).length;
    expect(encoded.labelledTokens).toBe(count);
  });

  test("leave out a message that says train: false, and cover others that say true", async () => {
    const messages = talk.messages.map((message, index) => ({ ...message, train: index === 2 }));
    const encoded = await encodeConversation({ messages }, tokenizer, own);
    expect(labelled(encoded)).toContain("again<|im_end|>");
    expect(labelled(encoded)).not.toContain("好");
  });

  test("cover everything but the first position when all text is trained", async () => {
    const encoded = await encodeConversation(talk, tokenizer, own, { trainOn: "all" });
    expect(encoded.labels[0]).toBe(-100);
    expect(encoded.labels.subarray(1)).toEqual(encoded.inputIds.subarray(1));
    expect(encoded.labelledTokens).toBe(encoded.inputIds.length - 1);
  });

  test("give a token that reaches over a border to the side where it starts", async () => {
    const [first, second] = await Promise.all(
      [true, false].map((train) =>
        encodeConversation(
          talk,
          tokenizer,
          fixed([
            { text: "xa", train },
            { text: "by", train: !train },
          ]),
        ),
      ),
    );
    expect([...first!.inputIds]).toEqual([120, 256, 121]);
    expect([...first!.labels]).toEqual([-100, 256, -100]);
    expect([...second!.labels]).toEqual([-100, -100, 121]);
  });

  test("follow segments that are encoded apart, and ids with labels of their own", async () => {
    const segments: Segment[] = [
      { text: "a", train: false },
      { text: "", train: true },
      { text: "b", train: true, apart: true },
      { ids: [7, 8], train: true, labels: [9, -100] },
      { text: "", train: true },
    ];
    const encoded = await encodeConversation(talk, tokenizer, fixed(segments));
    expect([...encoded.inputIds]).toEqual([97, 98, 7, 8]);
    expect([...encoded.labels]).toEqual([-100, 98, 9, -100]);
  });
});

test("long conversations are cut on the right, and say so", async () => {
  const whole = await encodeConversation(talk, tokenizer, own);
  const cut = await encodeConversation(talk, tokenizer, own, { maxSeqLength: 30 });
  expect(cut).toMatchObject({ truncated: true, fullLength: whole.inputIds.length });
  expect(cut.inputIds).toEqual(whole.inputIds.slice(0, 30));
  expect(cut.labels).toEqual(whole.labels.slice(0, 30));
  expect(cut.labelledTokens).toBeLessThan(whole.labelledTokens);
});

test("half of a surrogate pair is refused, as Python's tokenizers refuse it", async () => {
  const content = "cut here: \ud83d and on";
  const conversation: Conversation = {
    messages: [
      { role: "user", content: "Hi 😀" },
      { role: "assistant", content },
    ],
    source: { file: "rows.jsonl", line: 3 },
  };
  await expect(encodeConversation(conversation, tokenizer, own)).rejects.toThrow(
    'rows.jsonl:3: the text has half of a surrogate pair, \\ud83d, behind "',
  );
  const text: Conversation = { kind: "text", messages: [{ role: "assistant", content }] };
  await expect(encodeConversation(text, tokenizer, own)).rejects.toThrow("half of a surrogate");
});

test("many conversations are encoded as each alone", async () => {
  const many = [talk, { messages: talk.messages.slice(0, 2) }, { messages: [] }, talk];
  const together = await encodeConversations(many, tokenizer, own);
  for (const [index, conversation] of many.entries()) {
    const alone = await encodeConversation(conversation, tokenizer, own);
    expect(together[index]).toEqual(alone);
  }
});

test("a prompt is the beginning of what was trained on", async () => {
  for (const template of [own, resolveChatTemplate("chatml", tokenizer)]) {
    const trained = await encodeConversation(talk, tokenizer, template);
    const prompt = await encodePrompt(talk.messages.slice(0, 3), tokenizer, template);
    expect(trained.inputIds.slice(0, prompt.length)).toEqual(prompt);
    expect(trained.labels[prompt.length]).toBe(trained.inputIds[prompt.length]);
    expect(trained.labels[prompt.length - 1]).toBe(-100);
  }
});

test("a turn ends with its end token where a template marks only the words", async () => {
  const source = chatmlJinja.replace(
    "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}",
    "{{ '<|im_start|>' + message.role + '\\n' }}{% if message.role == 'assistant' %}{% generation %}{{ message.content }}{% endgeneration %}{% else %}{{ message.content }}{% endif %}{{ '<|im_end|>\\n' }}",
  );
  expect(source).toContain("generation %}");
  const template = createJinjaTemplate(source, "marked", tokenizer);
  const encoded = await encodeConversation(talk, tokenizer, template);
  expect(labelled(encoded)).toBe("好👍🏽啊<|im_end|>|好👍🏽啊<|im_end|>");
  const messages = talk.messages.map((message, index) => ({ ...message, train: index === 1 }));
  const one = await encodeConversation({ messages }, tokenizer, template);
  expect(labelled(one)).toBe("好👍🏽啊<|im_end|>");
});

test("marks that follow each other are learnt once, as they are rendered", async () => {
  const pieces =
    "{% generation %}{{ message.content }}{% endgeneration %}{% generation %}{{ '<|im_end|>' }}{% endgeneration %}";
  const source = chatmlJinja.replace(
    "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}",
    `{{ '<|im_start|>' + message.role + '\\n' }}{% if message.role == 'assistant' %}${pieces}{% else %}{{ message.content + '<|im_end|>' }}{% endif %}{{ '\\n' }}`,
  );
  expect(source).toContain(pieces);
  const template = createJinjaTemplate(source, "marked", tokenizer);
  const encoded = await encodeConversation(talk, tokenizer, template);
  const unmarked = await encodeConversation(talk, tokenizer, own);
  expect(encoded.inputIds).toEqual(unmarked.inputIds);
  expect(encoded.labels).toEqual(unmarked.labels);
});
