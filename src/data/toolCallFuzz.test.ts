/** Random calls of tools through every format and back: no byte of an argument or a definition changes. */
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { parseJson, stringifyJson } from "../util/json/index.js";
import { randomNumbers } from "../util/testRandom.js";
import { convertFiles } from "./convert.js";
import { testFolder } from "./testFiles.js";

const folder = testFolder();
afterAll(() => folder.remove());

type Random = (below: number) => number;

const keys = [
  "city",
  "10",
  "9",
  "名",
  "a b",
  'q"',
  "__proto__",
  "parameters",
  "function",
  "\\",
  "1e3",
];
const texts = [
  "Lund",
  "",
  "20.0",
  "it's",
  "\n\u2028",
  "😀",
  '{"a": 1.0}',
  "[1]",
  "null",
  "\\u0031",
  "\u0000",
];
const numbers = [
  "0",
  "-1",
  "20.0",
  "-0.0",
  "1e-07",
  "1e+22",
  "12345678901234567890",
  "0.1",
  "-9007199254740993",
];

/** JSON as Python's `json` writes it, so that what comes back can be compared as text. */
function value(random: Random, depth: number): string {
  const kind = random(depth > 3 ? 3 : 6);
  if (kind === 0) return numbers[random(numbers.length)]!;
  if (kind === 1) return JSON.stringify(texts[random(texts.length)]);
  if (kind === 2) return ["true", "false", "null"][random(3)]!;
  if (kind < 5) return object(random, depth + 1);
  return `[${Array.from({ length: random(4) }, () => value(random, depth + 1)).join(",")}]`;
}

function object(random: Random, depth: number): string {
  const chosen = new Set(Array.from({ length: random(4) }, () => keys[random(keys.length)]!));
  return `{${[...chosen].map((key) => `${JSON.stringify(key)}:${value(random, depth)}`).join(",")}}`;
}

interface Call {
  name: string;
  given: string;
}

/** One call as some file has it. */
function spelled({ name, given }: Call, random: Random): string {
  const key = ["arguments", "parameters", "args", "input"][random(4)]!;
  const told = random(2) === 0 ? given : JSON.stringify(given);
  const title = `"name":${JSON.stringify(name)}`;
  const bare = random(2) === 0 ? `{${title},"${key}":${told}}` : `{"${key}":${told},${title}}`;
  const forms = [
    () => bare,
    () => `{"type":"function","function":${bare}}`,
    () => `{"function":${JSON.stringify(bare)}}`,
    () => `{"function":${JSON.stringify(name)},"${key}":${told}}`,
  ];
  return forms[random(forms.length)]!();
}

/** Rows with the calls, by the format that they are of. */
const rowsOf: Record<string, (calls: readonly Call[], random: Random) => string> = {
  messages(calls, random) {
    const list = listOf(calls, random);
    const one = calls.length === 1 ? spelled(calls[0]!, random) : list;
    const parts = calls.map((call) => JSON.stringify(spelled(call, random)));
    const turns = [
      `"role":"assistant","content":"","tool_calls":${list}`,
      `"role":"assistant","content":null,"tool_calls":${JSON.stringify(list)}`,
      `"role":"tool_call","content":${JSON.stringify(one)}`,
      `"role":"assistant","content":[${parts.map((part) => `{"type":"tool_call","value":${part}}`)}]`,
    ];
    return `"messages":[${question},{${turns[random(turns.length)]}},${resultsOf(calls)},${answer}]`;
  },
  sharegpt(calls, random) {
    const called = calls.length === 1 ? spelled(calls[0]!, random) : listOf(calls, random);
    const words = random(2) === 0 ? "" : '{"from":"gpt","value":"Let me see."},';
    const observed = calls.map(() => '{"from":"observation","value":"r"}');
    return (
      `"conversations":[{"from":"human","value":"q"},${words}` +
      `{"from":"function_call","value":${JSON.stringify(called)}},${observed},{"from":"gpt","value":"a"}]`
    );
  },
  prompt_completion(calls, random) {
    const called = `{"role":"assistant","content":"","tool_calls":${listOf(calls, random)}}`;
    return `"prompt":[${question}],"completion":[${called},${resultsOf(calls)},${answer}]`;
  },
};

const question = '{"role":"user","content":"q"}';
const answer = '{"role":"assistant","content":"a"}';
const resultsOf = (calls: readonly Call[]) => calls.map(() => '{"role":"tool","content":"r"}');
const listOf = (calls: readonly Call[], random: Random) =>
  `[${calls.map((call) => spelled(call, random))}]`;

/** Calls and definitions of a row of messages, as their text is in the file. */
function said(line: string): { given: string[]; tools: string } {
  const { messages, tools } = parseJson(line) as {
    messages: { tool_calls?: { function: { arguments: unknown } }[] }[];
    tools: unknown;
  };
  const calls = messages.flatMap((message) => message.tool_calls ?? []);
  return {
    given: calls.map((call) => stringifyJson(call.function.arguments)),
    tools: stringifyJson(tools),
  };
}

const lines = (file: string) => readFileSync(file, "utf8").split("\n").slice(0, -1);

const rowsOfEach = 500;

test.each(Object.keys(rowsOf))(
  "rows of %s come back from every format as they were",
  async (from) => {
    const random = randomNumbers(from.length);
    const expected: { given: string[]; tools: string }[] = [];
    const rows = Array.from({ length: rowsOfEach }, () => {
      const calls = Array.from({ length: 1 + random(3) }, (_, at) => {
        return { name: `f${at}`, given: object(random, 0) };
      });
      const tools = `[{"name":"f0","parameters":${object(random, 0)}}]`;
      expected.push({ given: calls.map(({ given }) => given), tools });
      const definitions = random(2) === 0 ? tools : JSON.stringify(tools);
      return `{${rowsOf[from]!(calls, random)},"tools":${definitions}}`;
    });
    const file = folder.write(`${from}.jsonl`, rows.join("\n"));
    for (const to of ["messages", "sharegpt", "prompt_completion"]) {
      const there = folder.path(`${from}.${to}.jsonl`);
      const back = folder.path(`${from}.${to}.back.jsonl`);
      for (const [source, out, format] of [
        [file, there, to],
        [there, back, "messages"],
      ] as const) {
        const { rowsOut, rowsRejected, problems } = await convertFiles([source], out, {
          to: format,
        });
        expect(problems).toEqual([]);
        expect([rowsOut, rowsRejected]).toEqual([rowsOfEach, 0]);
      }
      expect(lines(back).map(said)).toEqual(expected);
    }
  },
);
