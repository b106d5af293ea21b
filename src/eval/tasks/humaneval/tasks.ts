/**
 * HumanEval as lm-evaluation-harness 0.4.13 asks it, and as its own paper does. Both complete the bare
 * prompt and judge alike; the paper's numbers of programs and temperatures differ from the harness's.
 */
import { passAtK } from "../../passAtK.js";
import type { BenchmarkFiles, Filter, GenerationTask, Protocol } from "../../types.js";
import { type TextRecord, textRecords } from "../records.js";

const fields = ["prompt", "test", "entry_point"] as const;

/** A function to write: its head and description, its tests, its name. */
export type Assignment = TextRecord<(typeof fields)[number]>;

/** Runs programs, one at a time or several. */
export interface Judge {
  /** How it holds them, for results and reports. */
  description: string;
  run(program: string, options: { timeoutSeconds: number }): Promise<{ passed: boolean }>;
}

/** Seconds that a program may take, in the reference and in OpenAI's code. */
const timeoutSeconds = 3;
/** Where a function ends. */
const until = ["\nclass", "\ndef", "\n#", "\nif", "\nprint"];
const maxNewTokens = 1024;

/** How many programs a task asks for, and what it tells of them. */
interface Setting {
  name: string;
  version: number | string;
  repeats: number;
  /** Without it greedy. */
  temperature?: number;
  /** The k of pass@k. */
  ks: readonly number[];
  /** Ask in words, as one asks a model that is tuned for conversation. */
  instruct?: boolean;
}

const harnessSettings: readonly Setting[] = [
  { name: "humaneval", version: 1, repeats: 1, ks: [1] },
  { name: "humaneval_64", version: 1, repeats: 64, temperature: 0.2, ks: [2, 8, 16, 32, 64] },
  { name: "humaneval_instruct", version: 4, repeats: 1, ks: [1], instruct: true },
  {
    name: "humaneval_64_instruct",
    version: 3,
    repeats: 64,
    temperature: 0.2,
    ks: [2, 8, 16, 32, 64],
    instruct: true,
  },
];

/** The paper draws 200 programs; its best temperature is 0.2 for one of them and 0.8 for a hundred. */
const paperSettings: readonly Setting[] = [
  { name: "humaneval", version: "2107.03374", repeats: 1, ks: [1] },
  { name: "humaneval_20", version: "2107.03374", repeats: 20, temperature: 0.2, ks: [1, 10] },
  {
    name: "humaneval_200",
    version: "2107.03374",
    repeats: 200,
    temperature: 0.8,
    ks: [1, 10, 100],
  },
];

/** @param judge gives what runs programs */
export function humanEvalTasks(
  protocol: Protocol,
  judge: () => Promise<Judge>,
): GenerationTask<Assignment>[] {
  const settings = protocol === "lm-eval" ? harnessSettings : paperSettings;
  return settings.map((setting) => taskOf(setting, protocol, judge));
}

function taskOf(
  { name, version, repeats, temperature, ks, instruct = false }: Setting,
  protocol: Protocol,
  judge: () => Promise<Judge>,
): GenerationTask<Assignment> {
  const sampling = temperature === undefined ? undefined : { temperature, topP: 0.95 };
  return {
    kind: "generation",
    name,
    protocol,
    version,
    benchmark: "humaneval",
    docs: readAssignments,
    prompt: instruct ? instruction : barePrompt,
    until,
    maxNewTokens,
    generationArguments: {
      until,
      max_gen_toks: maxNewTokens,
      do_sample: sampling !== undefined,
      ...(sampling ? { temperature, top_p: sampling.topP } : {}),
    },
    repeats,
    ...(sampling ? { sampling } : {}),
    runsCode: true,
    prepare: async () => `programs ran in ${(await judge()).description}`,
    filters: [instruct ? firstBlock : wholeAnswer],
    metrics: ks.map((k) => `pass@${k}`),
    target: testOf,
    async score(doc, programs) {
      const { run } = await judge();
      const results = await Promise.all(
        programs.map((program) => run(`${program}\n${testOf(doc)}`, { timeoutSeconds })),
      );
      const right = results.filter(({ passed }) => passed).length;
      return Object.fromEntries(ks.map((k) => [`pass@${k}`, passAtK(programs.length, right, k)]));
    },
  };
}

async function readAssignments(files: BenchmarkFiles): Promise<Assignment[]> {
  const path = files.has("HumanEval.jsonl.gz") ? "HumanEval.jsonl.gz" : "HumanEval.jsonl";
  return textRecords(await files.jsonl(path), fields, `${files.folder}/${path}`);
}

const testOf = ({ test, entry_point }: Assignment) => `${test}\ncheck(${entry_point})`;

function barePrompt({ prompt }: Assignment) {
  return {
    description: "",
    shots: [],
    question: prompt,
    delimiters: { answer: " ", shot: "\n\n" },
  };
}

function instruction(doc: Assignment) {
  const code = `\`\`\`python\n${doc.prompt}\n`;
  return {
    ...barePrompt(doc),
    question: `Write a solution to the following problem and make sure that it passes the tests:\n${code}\`\`\`\n`,
    answerPrefix: `Here is the completed function:\n${code}`,
  };
}

/** The prompt with all that follows it. */
const wholeAnswer: Filter = {
  name: "create_test",
  nested: true,
  apply: (answers, doc) => answers.map((answer) => (doc as Assignment).prompt + answer),
};

/** The prompt with what follows up to the end of the block of code. */
const firstBlock: Filter = {
  name: "create_test",
  nested: true,
  apply: (answers, doc) =>
    answers.map((answer) => (doc as Assignment).prompt + answer.split("```")[0]!),
};
