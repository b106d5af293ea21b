/** F1: values that are no numbers, in weights, in activations and in gradients. */
import fs from "node:fs";
import path from "node:path";
import { openSafetensors } from "../../src/format/index.js";
import type { EventRow } from "../../src/train/index.js";
import { TunewrightError } from "../../src/util/errors.js";
import { type Fault, type FaultContext, pick, require, requireEqual, trials } from "./fault.js";
import { type Damage, damages, kinds, rare } from "./plantedModel.js";
import { checkpointsIn, eventsIn, files, linesOfSteps, scratch, trainHere } from "./runs.js";

const ROWS = 30;
const SAVE_STEPS = 3;
const policies = ["stop", "skip", "rollback"] as const;
type Policy = (typeof policies)[number];

/** How rows become steps. */
const batching: Readonly<Record<string, readonly string[]>> = {
  plain: [],
  accumulation: ["--per_device_train_batch_size=1", "--gradient_accumulation_steps=3"],
  packing: ["--packing"],
  streaming: ["--streaming", "--shuffle_buffer_size=8", "--max_steps=15"],
  workers: ["--dataloader_num_workers=2"],
  epochs: ["--num_train_epochs=2"],
  mixture: ["--gradient_accumulation_steps=2", "--num_train_epochs=2"],
};

export const nonFinite: Fault = {
  id: "F1",
  title: "a value that is no number: in weights, activations, gradients, after an update",
  count: 56,
  short: 8,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const names = [...Object.keys(damages), "update"];
    const seen = new Map<string, number>();
    for (let i = 0; i < count; i++) {
      const name = names[i % names.length]!;
      const policy = policies[(i + 2 * Math.floor(i / names.length)) % policies.length]!;
      await trial(`${name}, on_non_finite ${policy}`, async () => {
        const place = await (name === "update"
          ? badUpdate(policy, random)
          : badModel(damages[name]!, policy, random));
        seen.set(place, (seen.get(place) ?? 0) + 1);
      });
    }
    outcome.notes.push([...seen].map(([place, times]) => `${place} ${times}`).join(", "));
    return outcome;
  },
};

/** A run with one bad row among its rows. */
interface PlantedRun {
  directory: string;
  file: string;
  /** Line of the row with the rare character. */
  line: number;
  flags: string[];
}

/** @param isMixed whether the rows are one source of two */
function plantedRun(
  random: FaultContext["random"],
  isMixed: boolean,
  more: readonly string[],
): PlantedRun {
  const directory = scratch("non-finite");
  const line = 1 + random(ROWS);
  const file = `${directory}.jsonl`;
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const answer = `${i} answers`.repeat(1 + (i % 3));
    const content = i + 1 === line ? `${rare} and ${answer}` : answer;
    const messages = [
      { role: "user", content: `question ${i}` },
      { role: "assistant", content },
    ];
    return `${JSON.stringify({ messages })}\n`;
  });
  fs.writeFileSync(file, rows.join(""));
  const [seed, dataSeed] = [random(1000), random(1000)];
  const mixture = `${directory}.json`;
  const sources = [
    { path: file, weight: 1 },
    { path: files.others(), weight: 1 },
  ];
  if (isMixed) fs.writeFileSync(mixture, JSON.stringify({ train_file: sources }));
  const flags = [
    isMixed ? mixture : `--train_file=${file}`,
    `--save_steps=${SAVE_STEPS}`,
    `--seed=${seed}`,
    `--data_seed=${dataSeed}`,
    ...more,
  ];
  const isLong = (flag: string) => /^--(max_steps|num_train_epochs)/.test(flag);
  if (!flags.some(isLong)) flags.push("--num_train_epochs=1");
  return { directory, file, line, flags };
}

/** A model with a bad place. @returns where it is */
async function badModel(
  { damage, runs }: (typeof damages)[string],
  policy: Policy,
  random: FaultContext["random"],
): Promise<string> {
  const kind = pick(runs, random);
  const planted = damage(random);
  const ways = Object.keys(batching).filter((way) => planted.isLocal || way !== "mixture");
  const batch = pick(ways, random);
  const run = plantedRun(random, batch === "mixture", [
    ...kinds[kind],
    ...batching[batch]!,
    `--model_name_or_path=${planted.model}`,
    `--on_non_finite=${policy}`,
  ]);
  const steps = await linesOfSteps(run.directory, run.flags, run.file);
  const step = planted.isLocal ? 1 + steps.findIndex((rows) => rows.includes(run.line)) : 1;
  require(step > 0, "the bad row is in no step");
  const ended = await trainHere(run.directory, run.flags).catch((error: unknown) => error);
  const [event] = eventsIn(run.directory, "non_finite");
  const about = `${kind}, ${batch}, line ${run.line}: ${describeEnd(ended)}`;
  // Weights that are trained must be good before the first step.
  if (kind === "full" && planted.weights.length > 0) requireRefused(run, planted, ended, about);
  // The event of steps that were taken back is moved aside with them.
  else if (policy === "rollback" && planted.isLocal) requireLeftOut(run, step, ended, about);
  else {
    require(event !== undefined, `no non_finite event; ${about}`);
    requireEqual(event.step, step, `step of the event; ${about}`);
    require(planted.layers.some((layer) =>
      event.layer.startsWith(layer),
    ), `${event.layer} is named instead of ${planted.layers}; ${about}`);
    requireRows(event, planted, run, steps[step - 1]!, about);
    if (policy === "skip" && planted.isLocal) requireSkipped(run, steps, about);
    else requireStopped(run.directory, event, ended, policy, about);
  }
  requireFiniteCheckpoints(run.directory);
  fs.rmSync(run.directory, { recursive: true });
  fs.rmSync(planted.model, { recursive: true });
  return planted.layers[0]!.replace(/layers\.\d/, "layers.N");
}

const describeEnd = (ended: unknown) =>
  ended instanceof TunewrightError ? `${ended.message}: ${ended.why}` : JSON.stringify(ended);

/** Throws unless a run ended before its first step with the names of the weights. */
function requireRefused(
  { directory }: PlantedRun,
  { weights }: Damage,
  ended: unknown,
  about: string,
): void {
  require(ended instanceof TunewrightError &&
    ended.exitCode === 1, `no error of its own; ${about}`);
  const module = weights[0]!.replace(/\w+\.weight$/, "");
  require(ended.why?.includes(module) ?? false, `${weights} are not named; ${about}`);
  requireEqual([eventsIn(directory, "step").length, checkpointsIn(directory)], [0, []], about);
}

type NonFiniteRow = Extract<EventRow, { type: "non_finite" }>;

function requireRows(
  event: NonFiniteRow,
  { isLocal, weights }: Damage,
  { file, line }: PlantedRun,
  ofStep: readonly number[],
  about: string,
): void {
  const lines = event.rows.map((row) => row.line);
  require(event.rows.every((row) => row.file === file), `another file; ${about}`);
  if (isLocal) requireEqual(lines, [line], `rows; ${about}`);
  else require(lines.length > 0 && lines.every((one) => ofStep.includes(one)), `rows; ${about}`);
  const named = event.weights ?? [];
  require(weights.length === named.length, `${named} are named instead of ${weights}; ${about}`);
  for (const name of weights) require(named[0]!.includes(name), `${named[0]}, not ${name}`);
}

/** Throws unless a run ended in the step, with the last checkpoint before it. */
function requireStopped(
  directory: string,
  { step, action }: NonFiniteRow,
  ended: unknown,
  policy: Policy,
  about: string,
): void {
  require(ended instanceof TunewrightError &&
    ended.exitCode === 1, `no error of its own; ${about}`);
  require(ended.message.startsWith(`step ${step}:`), `another step in the error; ${about}`);
  requireEqual(action, "stop", "action");
  requireEqual(
    eventsIn(directory, "end").map(({ reason }) => reason),
    ["failed"],
    "end",
  );
  const saved = checkpointsIn(directory);
  const last = SAVE_STEPS * Math.floor((step - 1) / SAVE_STEPS);
  requireEqual(Math.max(0, ...saved), last, `last checkpoint; ${about}`);
  if (last > 0) require(ended.todo?.includes(`checkpoint-${last}`) ?? false, `${ended.todo}`);
  if (policy !== "stop") require(ended.why?.includes("whatever the rows") ?? false, about);
}

/** Throws unless a run has left undone the steps with its bad row, and done all others. */
function requireSkipped(
  { directory, line }: PlantedRun,
  lines: readonly (readonly number[])[],
  about: string,
): void {
  const steps = lines.length;
  const skipped = lines.filter((ofStep) => ofStep.includes(line)).length;
  const [end] = eventsIn(directory, "end");
  requireEqual(
    [end?.reason, end?.steps_skipped, end?.rows_skipped, end?.steps],
    ["done", skipped, 0, steps],
    about,
  );
  requireSteps(directory, steps);
}

/** Throws unless a run went back once, left the bad row out for good, and was done. */
function requireLeftOut(
  { directory, file, line }: PlantedRun,
  step: number,
  ended: unknown,
  about: string,
): void {
  require(!(ended instanceof Error), about);
  const [end] = eventsIn(directory, "end");
  const resumes = eventsIn(directory, "resume");
  requireEqual([end?.reason, end?.steps_skipped, end?.rows_skipped], ["done", 0, 1], about);
  requireEqual(
    resumes.map((row) => [row.step, row.left_out]),
    [[SAVE_STEPS * Math.floor((step - 1) / SAVE_STEPS), [{ file, line, step }]]],
    `going back; ${about}`,
  );
  requireSteps(directory, end!.steps);
}

function requireSteps(directory: string, steps: number): void {
  requireEqual(
    eventsIn(directory, "step").map((row) => row.step),
    Array.from({ length: steps }, (_, i) => i + 1),
    "steps on record",
  );
}

/** Throws where a checkpoint or the result has a weight that is no number. */
function requireFiniteCheckpoints(directory: string): void {
  const places = checkpointsIn(directory).map((step) => path.join(directory, `checkpoint-${step}`));
  for (const place of [...places, directory]) {
    for (const name of fs.readdirSync(place).filter((one) => one.endsWith(".safetensors"))) {
      const file = openSafetensors(path.join(place, name));
      for (const weight of file.names()) {
        for (const { data, dtype, count } of file.chunks(weight)) {
          if (dtype !== "F32") continue;
          const values = new Float32Array(data.buffer, data.byteOffset, count);
          // Of an embedding that was planted, nothing was trained.
          const isPlanted = weight === "model.embed_tokens.weight";
          require(isPlanted || values.every(Number.isFinite), `${name}: ${weight}`);
        }
      }
      file.close();
    }
  }
}

/** A learning rate that makes the weights overflow in a step of a run that goes on. */
async function badUpdate(policy: Policy, random: FaultContext["random"]): Promise<string> {
  const run = plantedRun(random, false, [
    "--lora_rank=2",
    "--lora_dropout=0.1",
    `--on_non_finite=${policy}`,
  ]);
  const step = SAVE_STEPS * (1 + random(3));
  await trainHere(run.directory, [...run.flags, `--max_steps=${step}`]);
  const more = ["--learning_rate=1e39", "--resume", "--max_steps=15"];
  const ended = await trainHere(run.directory, [...run.flags, ...more]).catch(
    (error: unknown) => error,
  );
  const about = describeEnd(ended);
  require(ended instanceof TunewrightError && ended.exitCode === 1, about);
  const [event] = eventsIn(run.directory, "non_finite");
  require(event !== undefined, `no event; ${about}`);
  // The step itself was good; with the weights that it made, the next one is not.
  requireEqual(event.step, step + 2, `step; ${about}`);
  require(event.layer.startsWith("model.layers.0.self_attn (forward)"), `${event.layer}; ${about}`);
  require((event.weights ?? []).some((name) =>
    name.includes("lora_"),
  ), `${event.weights}; ${about}`);
  requireEqual(event.action, "stop", about);
  requireEqual(Math.max(...checkpointsIn(run.directory)), step, `last checkpoint; ${about}`);
  requireFiniteCheckpoints(run.directory);
  fs.rmSync(run.directory, { recursive: true });
  return "an update (learning rate)";
}
