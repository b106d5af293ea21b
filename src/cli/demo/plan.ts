/** What the demo does: the same story in about 6 minutes, in full and, for CI, in about a minute. */
import { join, relative } from "node:path";

/** Which demo: as much training as fits the time, all of it, or the shortest. */
export type DemoSize = "fitted" | "full" | "quick";

export interface DemoPlan {
  /** Conversations to learn from. */
  trainFile: string;
  /** Conversations that are never learnt from. */
  heldOutFile: string;
  questionsFile: string;
  /** The configuration file that `train` would take just as well. */
  configFile: string;
  /** A configuration to train on other data with. */
  nextConfigFile: string;
  /** What differs from the file, in the configuration's names. */
  overrides: Readonly<Record<string, string | number | boolean>>;
  /** Which of the questions are asked. */
  questions: (all: readonly string[]) => string[];
  /** Longest answer in tokens. */
  maxNewTokens: number;
  /** Where the answers take longer, fewer questions are asked. */
  mostAskingSeconds?: number;
  /** Held-out loss after, as a share of that before, above which the demo has failed. */
  bound: number;
  /** How long it takes, half a sentence. */
  duration: string;
}

const han = /\p{Script=Han}/u;

/** Whether a text is Chinese. */
export function isChinese(text: string): boolean {
  return han.test(text);
}

/** English and Chinese questions, the first of each. */
export function firstOfEach(
  all: readonly string[],
  counts: { english: number; chinese: number },
): string[] {
  return [
    ...all.filter((question) => !isChinese(question)).slice(0, counts.english),
    ...all.filter(isChinese).slice(0, counts.chinese),
  ];
}

/**
 * @param root the checkout, where the data are
 * @param outputDir directory of the run
 * @param from the working directory; paths below it are shown relative to it
 */
export function planDemo(
  size: DemoSize,
  root: string,
  outputDir: string,
  from = process.cwd(),
): DemoPlan {
  const example = (...names: string[]) => {
    const absolute = join(root, "examples", ...names);
    const short = relative(from, absolute);
    return short.startsWith("..") ? absolute : short;
  };
  const quick = size === "quick";
  const trainFile = example("demo", quick ? "train_quick.jsonl" : "train.jsonl");
  const heldOutFile = example("demo", "held_out.jsonl");
  const files = {
    trainFile,
    heldOutFile,
    questionsFile: example("demo", "questions.json"),
    configFile: example("demo.yaml"),
    nextConfigFile: example("lora.yaml"),
  };
  const overrides = {
    train_file: trainFile,
    eval_file: heldOutFile,
    output_dir: outputDir,
    overwrite_output_dir: true,
  };
  if (!quick) {
    return {
      ...files,
      overrides,
      questions: (all) => {
        const first = firstOfEach(all, { english: 2, chinese: 1 });
        return [...first, ...all.filter((question) => !first.includes(question))];
      },
      ...(size === "full" ? {} : { mostAskingSeconds: 40 }),
      maxNewTokens: 80,
      bound: 0.5,
      duration:
        size === "full"
          ? "about 6 minutes on two fast cores, longer on slow ones,"
          : "about 6 minutes (it trains for as many steps as fit into this time)",
    };
  }
  return {
    ...files,
    overrides: { ...overrides, num_train_epochs: 1, warmup_steps: 2, logging_steps: 4 },
    questions: (all) => firstOfEach(all, { english: 2, chinese: 1 }),
    maxNewTokens: 40,
    bound: 0.8,
    duration: "about a minute on two fast cores",
  };
}
