/** What a configuration says about every conversation. */
import { afterAll, expect, test } from "vitest";
import { encodeConversation } from "../text/index.js";
import { openConversations } from "./conversationSource.js";
import { messagesRow, testFolder, tinyEncoding } from "./testFiles.js";

const folder = testFolder();
afterAll(() => folder.remove());

const read = async (row: object, options: Parameters<typeof openConversations>[1]) => {
  const source = await openConversations([folder.write("rows.jsonl", [row])], options);
  try {
    return await source.read(0);
  } finally {
    await source.close();
  }
};

test("default_system is the system message of conversations that have none", async () => {
  const row = messagesRow("q", "a");
  const first = async (one: object) =>
    (await read(one, { defaultSystem: "Be brief." })).messages[0];
  expect(await first(row)).toEqual({ role: "system", content: "Be brief." });
  const own = { messages: [{ role: "system", content: "Own." }, ...row.messages] };
  expect(await first(own)).toEqual({ role: "system", content: "Own." });
  expect((await read({ text: "plain" }, { defaultSystem: "Be brief." })).messages).toHaveLength(1);
});

test("mask_history leaves the last turn of the assistant, and what a message says itself", async () => {
  const row = messagesRow("q1", "a1", "q2", "a2", "q3", "a3");
  const trained = async (one: object) =>
    (await read(one, { maskHistory: true })).messages.flatMap(({ role, train }) =>
      role === "assistant" ? [train ?? true] : [],
    );
  expect(await trained(row)).toEqual([false, false, true]);
  const said = structuredClone(row) as { messages: { train?: boolean }[] };
  said.messages[1]!.train = true;
  expect(await trained(said)).toEqual([true, false, true]);
});

test("train_on_prompt labels every token but the first, except before a completion", async () => {
  const { tokenizer, template } = await tinyEncoding();
  const labelled = async (row: object, trainOnPrompt: boolean) => {
    const conversation = await read(row, { trainOnPrompt });
    const { labels, inputIds } = await encodeConversation(conversation, tokenizer, template);
    return { labels: [...labels], ids: [...inputIds] };
  };
  const row = messagesRow("question", "answer", "more", "again");
  const all = await labelled(row, true);
  expect(all.labels).toEqual([-100, ...all.ids.slice(1)]);
  expect(all.ids).toEqual((await labelled(row, false)).ids);
  const pair = { prompt: "question", completion: "answer" };
  expect(await labelled(pair, true)).toEqual(await labelled(pair, false));
});

test("alpaca_prompt is Alpaca's prompt and the answer, which alone is learnt, with its end", async () => {
  const { tokenizer, template } = await tinyEncoding();
  const row = { instruction: "Add.", input: "2 and 3", output: "5" };
  const conversation = await read(row, { format: "alpaca_prompt" });
  const asked =
    "Below is an instruction that describes a task, paired with an input that provides further context. " +
    "Write a response that appropriately completes the request.\n\n" +
    "### Instruction:\nAdd.\n\n### Input:\n2 and 3\n\n### Response:\n";
  expect(conversation.messages.map(({ content }) => content)).toEqual([asked, "5"]);
  const { inputIds, labels } = await encodeConversation(conversation, tokenizer, template);
  const prompt = [...(await tokenizer.encode(asked))];
  const answer = [...(await tokenizer.encode("5")), tokenizer.eosTokenId!];
  expect([...inputIds].slice(-answer.length)).toEqual(answer);
  const before = inputIds.length - answer.length;
  expect([...inputIds].slice(before - prompt.length, before)).toEqual(prompt);
  expect([...labels]).toEqual([...Array(before).fill(-100), ...answer]);
  const short = await read({ instruction: "Hi.", output: "Hello" }, { format: "alpaca_prompt" });
  expect(short.messages[0]!.content).toBe(
    "Below is an instruction that describes a task. Write a response that appropriately completes " +
      "the request.\n\n### Instruction:\nHi.\n\n### Response:\n",
  );
});
