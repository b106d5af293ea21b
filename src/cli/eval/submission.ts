/** `eval --submission`: answers to a split whose right answers are not published, for the benchmark's site. */
import { makeSubmission, type Submission, writeSubmission } from "../../eval/index.js";
import { clearEvaluation, type EvaluationFolder, finishedResults } from "../../eval/store/index.js";
import { ConfigError } from "../../util/errors.js";
import { checkOutPlace } from "../../util/outPlace.js";
import { abortOnSignals } from "../../util/signals.js";
import { printJson } from "../command.js";
import { stderr, stdout } from "../output.js";
import { withOutput } from "../outputLock.js";
import { askedOf, type EvalFlags, modelNameOf, seedsOf } from "./flags.js";
import { goingOnFrom, prepareFolder } from "./keptAnswers.js";
import { chooseModel, identityOf, openModel } from "./model.js";
import { createEvalProgress } from "./progress.js";
import { type Job, settingsOf } from "./settings.js";

/** How the split's tasks ask, by the name of their group. */
const forms = { "ceval-test": "letter", "ceval-test-gen": "gen", "ceval-test-cot": "cot" } as const;

/** Flags that a submission has no use for. */
const idle = ["limit", "parity", "base", "seeds", "published"] as const;

/** @throws ConfigError, DataError as `makeSubmission`; Interrupted where a signal came */
export async function runSubmission(flags: EvalFlags, file: string): Promise<void> {
  const unfit = idle.find((name) => flags[name] !== undefined);
  if (unfit) {
    throw new ConfigError(`--${unfit} does not go with --submission`, {
      why: "the site takes one answer to every question, and nothing is scored here",
      todo: `leave --${unfit} out`,
    });
  }
  const [task = "ceval-test", ...others] = flags.tasks ?? [];
  if (others.length > 0 || !Object.hasOwn(forms, task)) {
    throw new ConfigError(`--submission answers one of ${Object.keys(forms).join(", ")}`, {
      todo: "name it with --tasks, or leave --tasks out for ceval-test",
    });
  }
  checkOutPlace(file);
  const choice = chooseModel(modelNameOf(flags), flags.adapter, flags);
  const asked = askedOf({ ...flags, tasks: [task] });
  const model = { choice, identity: await identityOf(choice) };
  const job = { flags, asked, model, seeds: seedsOf(flags) };
  const form = forms[task as keyof typeof forms];
  const submission = await withOutput(file, [], () => answerInto(job, form), "--submission");
  writeSubmission(file, submission);
  const notes = submission.notes.map((note) => `note: ${note}`);
  if (flags.json) printJson({ submission: file, notes: submission.notes });
  else stdout.write(`${[`answers written to ${file}`, ...notes].join("\n")}\n`);
}

/** Keeps answers in `--output`, where it is given. */
async function answerInto(job: Job, form: "letter" | "gen" | "cot"): Promise<Submission> {
  const { output } = job.flags;
  if (output === undefined) return answerAll(job, form);
  return withOutput(
    output,
    [],
    () =>
      goingOnFrom(output, async () => {
        if (job.flags.overwrite) clearEvaluation(output);
        finishedResults(output, settingsOf(job));
        const folder = prepareFolder(output, job);
        try {
          return await answerAll(job, form, folder);
        } finally {
          folder.close();
        }
      }),
    "--output",
  );
}

async function answerAll(
  { asked, model, seeds }: Job,
  form: "letter" | "gen" | "cot",
  folder?: EvaluationFolder,
): Promise<Submission> {
  const { signal, done } = abortOnSignals();
  const opened = await openModel(model.choice);
  const progress = createEvalProgress({ stream: stderr, count: 1 });
  const { tasks: _, benchmarks: __, limit: ___, parity: ____, ...options } = asked;
  try {
    progress.begin("");
    return await makeSubmission({
      ...options,
      form,
      seed: seeds[0],
      model: opened.model,
      signal,
      store: folder?.storeOf(model.identity),
      onProgress: progress.show,
    });
  } finally {
    progress.close();
    opened.dispose();
    done();
  }
}
