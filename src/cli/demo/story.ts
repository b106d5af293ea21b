/** The demo from beginning to end: preview, questions, fine-tuning, the same questions, what next. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import {
  createProgress,
  loadTrainingConfig,
  type RunResult,
  runSft,
  type TrainSummary,
} from "../../train/index.js";
import { builtinModelName } from "../../util/builtin-model.js";
import { packageRoot } from "../../util/packageRoot.js";
import { readGpus, readMachine } from "../machine.js";
import { programName, shellWord } from "../shell.js";
import { clipText } from "../textWidth.js";
import { askQuestions } from "./ask.js";
import { type ComparedAnswer, renderComparison } from "./comparison.js";
import { chatCommand, describeRunFiles, serveCommand, trainCommand } from "./goOn.js";
import { describePace, FULL_STEPS, fitSteps, measurePace, withSteps } from "./pace.js";
import { createPage, type Page, type PageStream } from "./page.js";
import { type DemoPlan, type DemoSize, planDemo } from "./plan.js";
import { previewConversations } from "./preview.js";
import { describeLoss, type HeldOutLoss, hasLearnt, notLearnt } from "./verdict.js";

export interface DemoOptions {
  size: DemoSize;
  outputDir: string;
  /** Where the story goes. */
  stream: PageStream;
}

/** What `demo --json` prints. */
export interface DemoResult {
  heldOutLossBefore: number;
  heldOutLossAfter: number;
  answers: ComparedAnswer[];
  /** Figures of the training run. */
  summary: TrainSummary;
  quick: boolean;
  /** Whether all steps were done, with `--full` or because there was time for them. */
  full: boolean;
  /** Whether held-out loss fell to `bound` times what it was, or below. */
  passed: boolean;
  bound: number;
  /** Of the whole demo. */
  seconds: number;
  chatCommand: string;
}

/** How a demo ended: to its end, or stopped by a signal while training. */
export type DemoOutcome = { stopped: false; result: DemoResult } | { stopped: true };

/**
 * Tells the whole story. Training is an ordinary run of the recipe that `train` uses.
 *
 * @throws TunewrightError where a part fails; not where the loss fell too little, which the result
 *   says (see {@link requireLearnt})
 */
export async function runDemo({ size, outputDir, stream }: DemoOptions): Promise<DemoOutcome> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const page = createPage(stream, seconds);
  const root = packageRoot();
  let plan = planDemo(size, root, outputDir);
  const program = programName(root);
  const model = builtinModelName;
  const questions = plan.questions(
    JSON.parse(readFileSync(plan.questionsFile, "utf8")) as string[],
  );

  introduce(page, plan, outputDir);

  page.heading("1. The training data");
  const preview = await previewConversations(plan.trainFile, model, page.color);
  page.say(
    `Two of the ${preview.rows} conversations, one in English and one in Chinese. The model reads ` +
      "the whole conversation and is trained to write the assistant's part, including its end token.",
  );
  page.print("", ...preview.lines);

  page.heading("2. Answers before fine-tuning");
  const { maxNewTokens } = plan;
  const asked = seconds();
  const before = await askQuestions({
    model,
    questions,
    maxNewTokens,
    mostSeconds: plan.mostAskingSeconds,
    onAnswer: (question, answer) => {
      page.print(...clipText(question, page.columns, 2).map(page.paint.bold));
      page.print(...clipText(answer, page.columns - 2, 2).map((l) => `  ${page.paint.dim(l)}`));
    },
  });

  const answered = questions.slice(0, before.length);
  // The same questions are asked once more.
  const asking = seconds() - asked;

  page.heading("3. Fine-tuning");
  page.say(
    "QLoRA: the weights of the model are frozen in 4 bits, and only a small adapter is trained.",
  );
  if (size === "fitted") {
    const fitted = await fitTraining(plan, page, () => seconds() + asking);
    if (!fitted) {
      page.print("", "Stopped before training.");
      return { stopped: true };
    }
    plan = fitted;
  }
  page.print("", "This is the same as:", `  ${page.paint.green(trainCommand(program, plan))}`, "");
  const { reason, summary, loss } = await fineTune(plan, page, stream);
  if (reason === "stopped") {
    page.print("", "Stopped and saved. Resume with:", `  ${trainCommand(program, plan)} --resume`);
    return { stopped: true };
  }

  page.heading("4. Answers after fine-tuning");
  const after = await askQuestions({
    model,
    adapter: outputDir,
    questions: answered,
    maxNewTokens,
  });
  const answers = answered.map((question, index) => {
    return { question, before: before[index]!, after: after[index]! };
  });
  page.print(...renderComparison(answers, page.columns, page.paint), "");
  page.say(
    `Loss on conversations that were not used in training: ${describeLoss(loss)}. It measures how ` +
      "unlikely the model finds the right answers, so lower is better.",
  );

  page.heading("5. Your turn");
  explainNext(page, program, plan, outputDir);
  const total = seconds();
  page.print("", page.paint.dim(`The demo took ${Math.round(total)} seconds.`));
  return {
    stopped: false,
    result: {
      heldOutLossBefore: loss.before,
      heldOutLossAfter: loss.after,
      answers,
      summary,
      quick: size === "quick",
      full: size !== "quick" && summary.steps >= FULL_STEPS,
      passed: hasLearnt(loss, plan.bound),
      bound: plan.bound,
      seconds: total,
      chatCommand: chatCommand(program, outputDir),
    },
  };
}

/** @throws TunewrightError where the loss fell too little. */
export function requireLearnt(result: DemoResult): void {
  if (result.passed) return;
  const loss = { before: result.heldOutLossBefore, after: result.heldOutLossAfter };
  throw notLearnt(loss, result.bound, result.summary.run_dir);
}

function introduce(page: Page, plan: DemoPlan, outputDir: string): void {
  const { paint } = page;
  const { cores, memoryBytes } = readMachine();
  const gpus = readGpus().map(({ name }) => name);
  page.print(paint.bold("Tunewright demo"), "");
  page.say(
    "A small open language model has never heard of Tunewright. You will see what it answers, " +
      "fine-tune it on conversations about Tunewright in English and Chinese, and see what it " +
      `answers afterwards. This takes ${plan.duration} and needs no network.`,
  );
  const row = (name: string, value: string) => page.print(`  ${paint.dim(name.padEnd(9))}${value}`);
  page.print("");
  row(
    "machine",
    `${cpus()[0]?.model.trim() || "processor"}, ${cores} cores, ` +
      `${(memoryBytes / 1e9).toFixed(0)} GB memory, ${gpus.join(", ") || "no GPU"}`,
  );
  row("model", `${builtinModelName} (SmolLM2-135M-Instruct, Apache-2.0)`);
  row("data", plan.trainFile);
  row("run", outputDir);
}

/**
 * Measures the machine and takes as many steps as fit.
 *
 * @param spent seconds of the demo outside of training, up to now and after it
 * @returns nothing where a signal stopped it
 */
async function fitTraining(
  plan: DemoPlan,
  page: Page,
  spent: () => number,
): Promise<DemoPlan | undefined> {
  page.print("", "Measuring the time of two steps …");
  const pace = await measurePace(plan);
  if (!pace) return undefined;
  const outside = spent();
  const fitted = fitSteps(pace, outside);
  page.say(describePace(pace, fitted, outside));
  return withSteps(plan, fitted.steps);
}

async function fineTune(
  plan: DemoPlan,
  page: Page,
  stream: PageStream,
): Promise<RunResult & { loss: HeldOutLoss }> {
  const loaded = loadTrainingConfig(plan.configFile, plan.overrides);
  const progress = createProgress({ stream });
  const losses: number[] = [];
  try {
    const result = await runSft(loaded, {
      readers: [
        progress.handle,
        (event) => {
          if (event.type === "evaluation") losses.push(event.eval_loss);
        },
      ],
      onTick: progress.handle,
      say: (line) => page.say(line),
    });
    // The evaluations before the first and after the last step.
    return { ...result, loss: { before: losses[0]!, after: losses.at(-1)! } };
  } finally {
    progress.close();
  }
}

function explainNext(page: Page, program: string, plan: DemoPlan, outputDir: string): void {
  const { paint, print } = page;
  const command = (text: string) => print(`  ${paint.green(text)}`);
  print("Chat with it:");
  command(chatCommand(program, outputDir));
  print("See the run, its data, and the model before and after side by side, on a page:");
  command(serveCommand(program, outputDir));
  print("Train on your own conversations:");
  command(`${program} data preview mine.jsonl --limit 3`);
  command(`${program} train ${shellWord(plan.nextConfigFile)} --train_file mine.jsonl`);
  print("  Each line of mine.jsonl is one conversation:");
  const example = [
    { role: "user", content: "Hi!" },
    { role: "assistant", content: "Hello! How can I help?" },
  ];
  print(`  ${paint.dim(JSON.stringify({ messages: example }))}`);
  print(`Files of this run in ${outputDir}:`);
  for (const line of describeRunFiles(outputDir)) print(`  ${line}`);
}
