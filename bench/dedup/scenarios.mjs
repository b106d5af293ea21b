// Sets of different rows that look alike to a comparison of all words, with duplicates planted in them.
import { generator, words } from "./documents.mjs";

/** Sentences of made-up text. */
function prose(language, count, seed) {
  const list = words(language, count, generator(seed));
  const size = 9;
  const sentences = Array.from({ length: Math.ceil(count / size) }, (_, at) =>
    list.slice(at * size, (at + 1) * size).join(language === "english" ? " " : ""),
  );
  return sentences.join(language === "english" ? ". " : "。");
}

const english = (count, seed) => prose("english", count, seed);
const chinese = (count, seed) => prose("chinese", count, seed);
const messages = (...list) => ({
  messages: list.map(([role, content, more = {}]) => ({ role, content, ...more })),
});
const numbers = (row) => [17 + 7 * row, 25 + 3 * row];
const yesNo = (row) => (row % 2 === 0 ? "Yes." : "No.");

const preamble = Array.from(
  { length: 6 },
  (_, at) => `Q: ${english(25, 900 + at)}?\nA: ${english(12, 950 + at)}.`,
).join("\n\n");

const tools = Array.from({ length: 5 }, (_, at) => ({
  type: "function",
  function: {
    name: `tool_${"abcde"[at]}`,
    description: english(30, 800 + at),
    parameters: { type: "object", properties: { city: { type: "string" } } },
  },
}));

const call = (city) => ({
  tool_calls: [{ type: "function", function: { name: "tool_a", arguments: { city } } }],
});

const city = (row) => words("english", 2, generator(700 + row)).join("-") + row;

const ASKED = [
  "Who is the king?",
  "Where is the ship?",
  "What is sold here?",
  "When does winter come?",
  "Why did they leave?",
];

/** Of each kind: row number `row` of rows that are all different. */
export const SCENARIOS = {
  "long system prompt": (row) => {
    const [a, b] = numbers(row);
    return messages(
      ["system", english(300, 1)],
      ["user", `What is ${a} + ${b}?`],
      ["assistant", `${a + b}`],
    );
  },
  "one instruction, other inputs": (row) => ({
    instruction: english(120, 2),
    input: english(12, 100 + row),
    output: yesNo(row),
  }),
  "template around a text": (row) => ({
    text: `${english(60, 3)}\n\n${english(10, 200 + row)}\n\n${english(60, 4)}`,
  }),
  "Chinese template": (row) =>
    messages(
      ["user", `${chinese(80, 5)}：${chinese(6, 300 + row)}。${chinese(30, 6)}`],
      ["assistant", row % 2 === 0 ? "是" : "否"],
    ),
  "examples before each question": (row) =>
    messages(
      ["user", `${preamble}\n\nQ: ${english(12, 400 + row)}?\nA:`],
      ["assistant", yesNo(row)],
    ),
  "tool definitions": (row) => ({
    tools,
    ...messages(
      ["user", `${english(20, 7)} in ${city(row)}?`],
      ["assistant", "", call(city(row))],
      ["tool", "20 degrees"],
      ["assistant", "It is 20 degrees there."],
    ),
  }),
  "only the arguments differ": (row) =>
    messages(
      ["user", `Do ${english(40, 8)} with the last one.`],
      ["assistant", english(30, 9), call(city(row))],
    ),
  "only the last turn differs": (row) =>
    messages(
      ["user", english(60, 10)],
      ["assistant", english(80, 11)],
      ["user", english(8, 500 + row)],
      ["assistant", `${english(4, 550 + row)}.`],
    ),
  "only the reasoning differs": (row) =>
    messages(
      ["user", english(60, 12)],
      ["assistant", english(80, 13), { reasoning_content: english(30, 600 + row) }],
    ),
  "one number differs": (row) => {
    const [a, b] = numbers(row);
    return messages(
      ["user", `${english(70, 14)} ${a} ${english(30, 15)} ${b} ${english(20, 16)}?`],
      ["assistant", `${english(60, 17)} ${a + b} ${english(10, 18)}.`],
    );
  },
  "an article as system message": (row) =>
    messages(
      ["system", english(80, 1000 + row)],
      ["user", "Is this text about rivers? Answer yes or no."],
      ["assistant", yesNo(row)],
    ),
  "other tools": (row) => ({
    tools: [
      {
        type: "function",
        function: { name: `use_${city(row)}`, description: english(60, 1200 + row) },
      },
    ],
    ...messages(
      ["user", "Please book a flight to Lund for me."],
      ["assistant", "I cannot do that."],
    ),
  }),
  translations: (row) =>
    messages(
      [
        "user",
        `Translate into language ${"abcdefghijklmnopqrstuvwxyz"[row % 26]}${row}: ${english(60, 19)}`,
      ],
      ["assistant", english(50, 1400 + row)],
    ),
  "the same prompt, other answers": (row) => ({
    prompt: english(120, 20),
    chosen: english(8, 1500 + row),
    rejected: english(8, 1600 + row),
  }),
  "code of other names": (row) =>
    messages(
      ["user", `${english(40, 21)}: \`${city(row).replace("-", "_")}\``],
      ["assistant", `def ${city(row).replace("-", "_")}(a, b):\n    return a ${"+-*/"[row % 4]} b`],
    ),
  "several questions about each page": (row) =>
    messages(
      ["user", `${english(150, 2000 + Math.floor(row / 5))}\nQuestion: ${ASKED[row % 5]}`],
      ["assistant", "Not stated."],
    ),
  "the same header above other code": (row) =>
    messages(
      ["user", `${english(60, 23)}\n\nreturn left ${["+", "-", "*", "/"][row % 4]} ${city(row)}`],
      ["assistant", english(40, 24)],
    ),
  "signs only": (row) =>
    messages(
      [
        "user",
        `${"😀😡🎉🌊"[2 * (row % 4)]}${"😀😡🎉🌊"[2 * (row % 4) + 1]}`.repeat(1 + (row >> 2)),
      ],
      ["assistant", "?".repeat(1 + row)],
    ),
};

/** Rows of which no two are duplicates by these rules, and a true near duplicate for some. */
export function scenarioRows(name, count, seed = 1) {
  const make = SCENARIOS[name];
  const random = generator(seed);
  const rows = Array.from({ length: count }, (_, row) => ({ source: row, row: make(row) }));
  const copies = Array.from({ length: Math.ceil(count / 5) }, () => {
    const source = Math.floor(random() * count);
    return { source, row: make(source) };
  });
  return mixed([...rows, ...copies], random);
}

/** Different rows of real length under one system prompt, and copies with some edited words. */
export function nearDuplicates(count, rate = 0.01, seed = 2) {
  const random = generator(seed);
  const row = (question, answer) =>
    messages(["system", english(200, 22)], ["user", question], ["assistant", answer]);
  const make = (source) => [english(20, 5000 + source), english(150, 9000 + source)];
  const rows = Array.from({ length: count }, (_, source) => ({
    source,
    row: row(...make(source)),
  }));
  const others = words("english", 1000, random);
  const copies = Array.from({ length: Math.ceil(count / 5) }, () => {
    const source = Math.floor(random() * count);
    const [question, answer] = make(source);
    const edited = answer
      .split(" ")
      .map((word) => (random() < rate ? others[Math.floor(random() * others.length)] : word));
    return { source, row: row(question, edited.join(" ")) };
  });
  return mixed([...rows, ...copies], random);
}

function mixed(entries, random) {
  for (let last = entries.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [entries[last], entries[other]] = [entries[other], entries[last]];
  }
  return { rows: entries.map(({ row }) => row), sources: entries.map(({ source }) => source) };
}

/**
 * What became of them.
 * @param removed pairs of a row that went and the one that was kept for it
 */
export function judge(sources, removed) {
  const wrong = removed.filter(([row, kept]) => sources[row] !== sources[kept]).length;
  const duplicates = sources.length - new Set(sources).size;
  return {
    kept: sources.length - removed.length,
    different: sources.length - duplicates,
    wrong,
    missed: duplicates - (removed.length - wrong),
  };
}
