/** Files as people have them: each is read whole, or refused with a reason. */
import { afterAll, describe, expect, test } from "vitest";
import { DataError } from "../util/errors.js";
import { openConversations } from "./conversationSource.js";
import { convertFiles } from "./convert.js";
import { assistant, testFolder, user } from "./testFiles.js";

const folder = testFolder();
afterAll(() => folder.remove());

/** The contents of all conversations of a file, with the place of each. */
async function read(name: string, content: string | Buffer) {
  const source = await openConversations([folder.write(name, content)]);
  try {
    const rows = [];
    for (let row = 0; row < source.rows; row++) {
      const { messages } = await source.read(row);
      rows.push([source.place(row).line, ...messages.map(({ content: words }) => words)]);
    }
    return rows;
  } finally {
    await source.close();
  }
}

const rows = ["1", "2", "3"].map((name) => ({
  messages: [user(`q${name}`), assistant(`a${name}`)],
}));
const json = rows.map((row) => JSON.stringify(row));
const lists = rows.map((row) => JSON.stringify(row.messages));
const pretty = rows.map((row) => JSON.stringify(row, null, 2));
const all = (lines: readonly number[]) =>
  lines.map((line, at) => [line, `q${at + 1}`, `a${at + 1}`]);

describe("rows of JSON are found", () => {
  test.each<[string, string, number[]]>([
    ["a bare list of messages a line", lists.join("\n"), [1, 2, 3]],
    [
      "lists of messages, each over several lines",
      rows.map((row) => JSON.stringify(row.messages, null, 1)).join("\n"),
      [1, 11, 21],
    ],
    ["an array of lists of messages", `[${lists.join(",\n")}]`, [1, 2, 3]],
    ["an object around them, over lines", `{"data": [\n${json.join(",\n")}\n]}\n`, [2, 3, 4]],
    [
      "an object around them, indented",
      JSON.stringify({ version: 1, rows, license: { name: "x", tags: [[]] } }, null, 2),
      [4, 16, 28],
    ],
    ["an object around lists", `{"train":[\n${lists.join(",\n")}]}`, [2, 3, 4]],
    ["objects over several lines, one after another", pretty.join("\n"), [1, 13, 25]],
    ["objects over several lines, with commas", pretty.join(",\n"), [1, 13, 25]],
    [
      "lines with a byte order mark, CRLF and blank ones",
      `\ufeff${json.join("\r\n\r\n")}\r\n`,
      [1, 3, 5],
    ],
    [
      "an indented array with a byte order mark",
      `\ufeff${JSON.stringify(rows, null, "\t")}`,
      [2, 14, 26],
    ],
  ])("%s", async (_what, content, lines) => {
    expect(await read("rows.json", content)).toEqual(all(lines));
  });

  test("rows that share a line are told by their number", async () => {
    expect(await read("line.json", `[${json.join(",")}]`)).toEqual(all([1, 2, 3]));
    expect(await read("wrapped.json", `{"data":[${json.join(", ")}],"n":3}`)).toEqual(
      all([1, 2, 3]),
    );
    expect(await read("pairs.json", `[\n${json[0]},${json[1]},\n${json[2]}]`)).toEqual(
      all([1, 2, 3]),
    );
    const path = folder.write("bad.json", `[${json.join(",")},{"messages":[]}]`);
    const source = await openConversations([path]);
    await expect(source.read(3)).rejects.toThrow(`${path}:4: the conversation is empty`);
    await source.close();
  });

  test("lines may have U+2028 within them", async () => {
    const row = { messages: [user("q\u2028\u2029\u0085"), assistant("a")] };
    expect(await read("rows.jsonl", `${JSON.stringify(row)}\n${json[0]}`)).toEqual([
      [1, "q\u2028\u2029\u0085", "a"],
      [2, "q1", "a1"],
    ]);
  });

  test("a row that is broken off in the first line is a broken row, and no more", async () => {
    const path = folder.write("cut.jsonl", `${json[0]!.slice(0, 30)}\n${json[1]}\n${json[2]}\n`);
    const source = await openConversations([path]);
    expect(source.rows).toBe(3);
    await expect(source.read(0)).rejects.toThrow(/:1: not valid JSON/);
    await source.close();
  });
});

test.each([
  ["two lists of rows", `{"train":[${json[0]}],"test":[${json[1]}]}`, /more than one list/],
  ["an object that does not end", `{"data":[\n${json[0]},\n`, /:3: not a valid JSON object/],
  ["text after the object", `{"data":[\n${json[0]}\n]}\n{}`, /:4: not a valid JSON object/],
])("%s is refused", async (_what, content, reason) => {
  const error: unknown = await read("odd.json", content).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataError);
  const { message, why } = error as DataError;
  expect(`${message} (${why})`).toMatch(reason);
});

test("NaN and Infinity in a key that nothing reads do not lose the row", async () => {
  const row = `{"score":NaN,"n":[Infinity,-Infinity],${json[0]!.slice(1)}`;
  expect(await read("nan.jsonl", row)).toEqual([[1, "q1", "a1"]]);
});

test("CSV cells may hold what Python's repr writes, or JSON", async () => {
  const literal = `[{'from': 'human', 'value': 'it\\'s ""x""'}, {'from': 'gpt', 'value': ""a's\\n"", 'ok': True, 'n': None}]`;
  const csv = `id,conversations\n1,"${literal}"\n2,"[{""from"":""human"",""value"":""q""},{""from"":""gpt"",""value"":""a""}]"\n`;
  expect(await read("rows.csv", csv)).toEqual([
    [2, 'it\'s "x"', "a's\n"],
    [3, "q", "a"],
  ]);
  const broken = `id,messages\n1,"[{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': datetime()}]"\n`;
  await expect(read("broken.csv", broken)).rejects.toMatchObject({
    message: expect.stringContaining(":2: messages is not valid JSON"),
    why: expect.stringContaining("as a Python literal: expected a value"),
  });
});

describe("two messages of one role in a row", () => {
  const call = { type: "function", function: { name: "f", arguments: {} } };
  const twice = [user("q"), user("r"), assistant("a"), { ...assistant("b"), tool_calls: [call] }];
  const options = { sameRole: "join" } as const;

  test("are refused, and the option is named", async () => {
    await expect(read("same.jsonl", JSON.stringify({ messages: twice }))).rejects.toMatchObject({
      message: expect.stringContaining(":1: message 2 has role user after one with role user"),
      todo: expect.stringContaining("same_role: join (--same-role join)"),
    });
  });

  test("are joined with an empty line and counted", async () => {
    const path = folder.write("same.jsonl", [rows[0]!, { messages: twice }]);
    const source = await openConversations([path], options);
    const { messages, joined } = await source.read(1);
    await source.close();
    expect(messages).toEqual([user("q\n\nr"), { ...assistant("a\n\nb"), tool_calls: [call] }]);
    expect(joined).toBe(2);
    const result = await convertFiles([path], folder.path("joined.jsonl"), options);
    expect(result.joined).toEqual({ messages: 2, rows: 1, first: { file: path, line: 2 } });
  });

  test.each([
    ["calls before words", [{ ...assistant(""), tool_calls: [call] }, assistant("a")]],
    ["one learnt and the other not", [{ ...assistant("a"), train: false }, assistant("b")]],
    ["names that differ", [assistant("a"), { ...assistant("b"), name: "n" }]],
    ["reasoning in between", [assistant("a"), { ...assistant("b"), reasoning_content: "r" }]],
  ])("are refused all the same with %s", async (_what, turn) => {
    const path = folder.write("refused.jsonl", [{ messages: [user("q"), ...turn] }]);
    const source = await openConversations([path], options);
    await expect(source.read(0)).rejects.toThrow("message 3 has role assistant after one");
    await source.close();
  });
});
