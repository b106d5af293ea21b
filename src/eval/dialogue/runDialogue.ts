/** Replays a dialogue and measures the answers. */
import { ConfigError } from "../../util/errors.js";
import { type Estimate, meanEstimate } from "../metrics.js";
import { limitOf } from "../questions.js";
import type { TaskOutcome } from "../runTask.js";
import { type Sample, sha256 } from "../samples.js";
import type { DialogueTask, EvalModel, Protocol, SpokenTurn } from "../types.js";
import { languageDetector } from "./language.js";
import { type Measure, measureAnswer, measures } from "./measure.js";
import type { Dialogue, DialogueTurn } from "./script.js";

/** Most tokens of an answer, as of `chat`. */
export const MAX_NEW_TOKENS = 512;

export interface DialogueOptions {
  protocol: Protocol;
  /** Instead of the dialogue's own system message. */
  system?: string | undefined;
  /** Ask the first turns only. */
  limit?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the place of each turn that is answered. */
  onAnswered?: ((turn: number, kept: boolean) => void) | undefined;
}

/**
 * Asks all turns in one conversation, greedily, so that each answer follows from the model's own earlier
 * ones, whatever the reference said.
 *
 * @throws ConfigError where the model holds no conversation
 */
export async function runDialogue(
  dialogue: Dialogue,
  model: EvalModel,
  { protocol, system = dialogue.system, limit, signal, onAnswered }: DialogueOptions,
): Promise<TaskOutcome> {
  if (!model.converse) {
    throw new ConfigError(`${dialogue.name} needs a model that holds a conversation`, {
      why: "this one has no chat template",
      todo: "name one with --apply-chat-template, or leave the dialogue out",
    });
  }
  const turns = dialogue.turns.slice(0, limitOf(limit, dialogue.turns.length));
  const questions = turns.map(({ question }) => question);
  const spoken = await model.converse(questions, {
    system,
    maxNewTokens: MAX_NEW_TOKENS,
    signal,
    onAnswer: (index) => onAnswered?.(index, false),
  });
  const samples = await samplesOf(turns, spoken, system);
  return {
    task: taskOf(dialogue, protocol),
    estimates: estimatesOf(samples),
    samples,
    size: turns.length,
    available: dialogue.turns.length,
    numFewshot: 0,
    notes: notesOf(dialogue, spoken, system),
  };
}

function taskOf({ name }: Dialogue, protocol: Protocol): DialogueTask {
  const subject = name.slice(name.indexOf(":") + 1);
  return {
    kind: "dialogue",
    name,
    protocol,
    version: 1,
    benchmark: "dialogue",
    subject,
    metrics: [],
  };
}

async function samplesOf(
  turns: readonly DialogueTurn[],
  spoken: readonly SpokenTurn[],
  system: string | undefined,
): Promise<Sample[]> {
  const detect = await languageDetector();
  const settings = {
    max_gen_toks: MAX_NEW_TOKENS,
    do_sample: false,
    ...(system === undefined ? {} : { system }),
  };
  return turns.map((turn, i): Sample => {
    const said = spoken[i]!;
    const earlier = spoken.slice(0, i).map(({ text }) => text);
    return {
      doc_id: i,
      doc: turn,
      target: turn.reference ?? null,
      arguments: [[turn.question, settings]],
      resps: [[said.text]],
      filtered_resps: [said.text],
      filter: "none",
      // Measures are no scores of right and wrong, which comparisons would pair.
      metrics: [],
      prompt_hash: sha256(turn.question),
      target_hash: sha256(turn.reference ?? ""),
      finish_reason: said.finishReason,
      prompt_tokens: said.promptTokens,
      ...(said.error === undefined
        ? measureAnswer(turn, said, earlier, detect)
        : { error: said.error }),
    };
  });
}

/** Means over those answers of which a measure is told. */
function estimatesOf(samples: readonly Sample[]): Record<string, Estimate> {
  const entries = (Object.keys(measures) as Measure[]).flatMap((measure) => {
    const values = samples
      .map((sample) => sample[measure])
      .filter((one) => typeof one === "number");
    return values.length === 0 ? [] : [[`${measure},none`, meanEstimate(values)] as const];
  });
  return Object.fromEntries(entries);
}

function notesOf(dialogue: Dialogue, spoken: readonly SpokenTurn[], system?: string): string[] {
  const failed = spoken.flatMap(({ error }, i) =>
    error === undefined
      ? []
      : [`turn ${i + 1} has no answer and is left out of the means: ${error}`],
  );
  const forgetful = spoken.findIndex(({ forgotten }) => forgotten > 0);
  return [
    `one conversation by the model's chat template, greedy, at most ${MAX_NEW_TOKENS} tokens an answer; no protocol of a benchmark`,
    ...(dialogue.system !== undefined && system !== dialogue.system
      ? ["the system message of --system stands in the place of the file's own"]
      : []),
    ...(forgetful < 0
      ? []
      : [`from turn ${forgetful + 1} on the oldest turns no longer fit into the model's context`]),
    ...failed,
  ];
}
