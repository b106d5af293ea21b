/** Columns, keys and roles under other names. */
import { afterAll, describe, expect, test } from "vitest";
import { parseJson, stringifyJson } from "../util/json/index.js";
import { openConversations } from "./conversationSource.js";
import { renamedRow } from "./renamedRows.js";
import { testFolder } from "./testFiles.js";

const folder = testFolder();
afterAll(() => folder.remove());

const read = async (row: object | string, options: Parameters<typeof openConversations>[1]) => {
  const text = typeof row === "string" ? row : JSON.stringify(row);
  const source = await openConversations([folder.write("rows.jsonl", `${text}\n`)], options);
  try {
    return await source.read(0);
  } finally {
    await source.close();
  }
};

const words = (conversation: Awaited<ReturnType<typeof read>>) =>
  conversation.messages.map(({ role, content }) => [role, content]);

describe("rows with names of their own", () => {
  test("only the named columns are read", async () => {
    const row = { question: "q", answer: "a", instruction: "wrong", system: "not read" };
    const columns = { instruction: "question", output: "answer" };
    expect(words(await read(row, { columns, format: "alpaca" }))).toEqual([
      ["user", "q"],
      ["assistant", "a"],
    ]);
  });

  test("keys and roles of messages", async () => {
    const row = {
      dialog: [
        { speaker: "customer", words: "hi", city: "Lund" },
        { speaker: "agent", words: "hello" },
      ],
    };
    const options = {
      columns: { messages: "dialog" },
      messageKeys: { role: "speaker", content: "words" },
      roles: { customer: "user", agent: "assistant" },
    };
    const { messages } = await read(row, options);
    expect(messages).toEqual([
      { role: "user", content: "hi", city: "Lund" },
      { role: "assistant", content: "hello" },
    ]);
  });

  test("a column that no row has is refused by name", async () => {
    const options = { columns: { messages: "messages", system: "sys" } };
    const row = {
      messages: [
        { role: "user", content: "q" },
        { role: "assistant", content: "a" },
      ],
    };
    await expect(read(row, options)).rejects.toThrow(/rows\.jsonl: there is no column "sys"/);
    expect(words(await read({ ...row, sys: "s" }, options))[0]).toEqual(["system", "s"]);
  });

  test("values stay as Python reads them", () => {
    const text = '{"q": {"rate": 1e-07, "big": 12345678901234567890, "10": "ten", "9": 20.0}}';
    const row = renamedRow(parseJson(text), { columns: { tools: "q" } });
    expect(stringifyJson(row)).toBe(
      text.replaceAll(": ", ":").replaceAll(", ", ",").replace('"q"', '"tools"'),
    );
  });
});
