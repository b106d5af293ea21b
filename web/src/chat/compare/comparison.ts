/** Several models on the same turns: plain data, changed only by the functions here. */
import { type Answer, hasText, isOpen } from "../answers";
import {
  jsonLines,
  markdownMessage,
  type PlainMessage,
  plainAnswer,
  type SpeakerNames,
} from "../conversation";
import { ownSampling, type Sampling, withValue } from "../sampling";

export const fewestModels = 2;
export const mostModels = 4;

/**
 * `own`: each model sees its own answers. `shared`: all see the same, those of the script where it has
 * some, else the first model's.
 */
export type History = "own" | "shared";

export type Verdict = { kind: "best"; column: number } | { kind: "tie" } | { kind: "bad" };

/** A verdict, and whether the names were hidden when it was given. */
export type Vote = Verdict & { blind: boolean };

export interface ComparedTurn {
  user: string;
  /** What the script has as answer. */
  reference: string | null;
  /** One for each model; null before it is asked. */
  answers: (Answer | null)[];
  /** Columns in the order in which they are shown while names are hidden. */
  order: number[];
  vote: Vote | null;
}

export interface Comparison {
  /** Key under which this browser keeps it. */
  id: string;
  /** A column each: names, or ids of the catalogue, as the address has them. */
  models: string[];
  system: string;
  sampling: Sampling;
  history: History;
  /** Names are hidden, and columns shuffled, until the vote. */
  blind: boolean;
  turns: ComparedTurn[];
}

/** Same seed for all: what differs then is the model. */
const comparedSampling: Sampling = withValue(ownSampling, "seed", 42);

export function newComparison(models: string[]): Comparison {
  return {
    id: comparisonId(models),
    models,
    system: "",
    sampling: comparedSampling,
    history: "own",
    blind: false,
    turns: [],
  };
}

export function comparisonId(models: readonly string[]): string {
  return JSON.stringify(models);
}

/** The comparison with one more turn. @param random from 0 to 1, as Math.random */
export function withTurn(
  comparison: Comparison,
  user: string,
  reference: string | null,
  random: () => number,
): Comparison {
  const columns = comparison.models.map((_, column) => column);
  const turn: ComparedTurn = {
    user,
    reference,
    answers: columns.map(() => null),
    order: shuffled(columns, random),
    vote: null,
  };
  return { ...comparison, turns: [...comparison.turns, turn] };
}

/** Fisher and Yates's shuffle of a copy. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

export function withTurnChanged(
  comparison: Comparison,
  index: number,
  change: (turn: ComparedTurn) => ComparedTurn,
): Comparison {
  const turns = comparison.turns.map((turn, i) => (i === index ? change(turn) : turn));
  return { ...comparison, turns };
}

export function withColumnAnswer(
  comparison: Comparison,
  index: number,
  column: number,
  answer: Answer,
): Comparison {
  return withTurnChanged(comparison, index, (turn) => ({
    ...turn,
    answers: turn.answers.map((before, i) => (i === column ? answer : before)),
  }));
}

export function withoutTurn(comparison: Comparison, index: number): Comparison {
  return { ...comparison, turns: comparison.turns.filter((_, i) => i !== index) };
}

/** A stored comparison whose page was closed while answers came: they stopped there. */
export function settledComparison(comparison: Comparison): Comparison {
  const turns = comparison.turns.map((turn) => ({
    ...turn,
    answers: turn.answers.map((answer) =>
      answer && isOpen(answer)
        ? { ...answer, state: "stopped" as const, waitsUntil: null }
        : answer,
    ),
  }));
  return { ...comparison, turns };
}

/** Whether all have answered, so that they can be judged. */
export function isAnswered({ answers }: ComparedTurn): boolean {
  return answers.every((answer) => answer !== null && !isOpen(answer));
}

/** Columns of a turn as they are shown: shuffled while the vote is blind and not given. */
export function shownOrder({ blind }: Pick<Comparison, "blind">, turn: ComparedTurn): number[] {
  return namesHidden({ blind }, turn) || turn.vote?.blind
    ? turn.order
    : turn.answers.map((_, column) => column);
}

export function namesHidden({ blind }: Pick<Comparison, "blind">, turn: ComparedTurn): boolean {
  return blind && turn.vote === null;
}

/** What a model is asked in a turn: system prompt, earlier turns by the kind of history, the question. */
export function askedMessages(
  comparison: Comparison,
  column: number,
  index: number,
): PlainMessage[] {
  const before = comparison.turns
    .slice(0, index)
    .flatMap((turn): PlainMessage[] =>
      pairOf(turn, historyAnswer(comparison.history, turn, column)),
    );
  return [
    ...systemMessage(comparison.system),
    ...before,
    { role: "user", content: comparison.turns[index]!.user },
  ];
}

function systemMessage(system: string): PlainMessage[] {
  return system.trim() === "" ? [] : [{ role: "system", content: system }];
}

function historyAnswer(history: History, turn: ComparedTurn, column: number): PlainMessage | null {
  if (history === "shared" && turn.reference !== null) {
    return { role: "assistant", content: turn.reference };
  }
  const answer = turn.answers[history === "shared" ? 0 : column];
  return answer && hasText(answer) ? plainAnswer(answer) : null;
}

/** A turn that has no answer is left out as a whole. */
function pairOf(turn: ComparedTurn, answer: PlainMessage | null): PlainMessage[] {
  return answer ? [{ role: "user", content: turn.user }, answer] : [];
}

export interface Tally {
  /** Turns that each model was the best in. */
  wins: number[];
  ties: number;
  bad: number;
  votes: number;
  /** Votes that were given with names hidden. */
  blind: number;
}

export function tallyOf({ models, turns }: Comparison): Tally {
  const tally: Tally = { wins: models.map(() => 0), ties: 0, bad: 0, votes: 0, blind: 0 };
  for (const { vote } of turns) {
    if (!vote) continue;
    tally.votes++;
    if (vote.blind) tally.blind++;
    if (vote.kind === "best") tally.wins[vote.column]!++;
    else if (vote.kind === "tie") tally.ties++;
    else tally.bad++;
  }
  return tally;
}

/** A vote as files have it. */
type VoteRow = { turn: number; verdict: "better" | "worse" | "tie" | "bad"; blind: boolean };

/**
 * Rows that `train` accepts, one for each model that answered: its conversation, and what was voted of it.
 *
 * @param titles of the columns
 */
export function rowsOf(comparison: Comparison, titles: readonly string[]): string {
  const { turns, history } = comparison;
  const rows = titles.map((model, column) => {
    const votes = turns.flatMap(({ vote }, turn): VoteRow[] =>
      vote ? [{ turn: turn + 1, verdict: verdictFor(vote, column), blind: vote.blind }] : [],
    );
    const messages = [...systemMessage(comparison.system), ...answeredTurns(comparison, column)];
    return { messages, model, history, votes };
  });
  return jsonLines(
    rows.filter(({ messages }) => messages.some(({ role }) => role === "assistant")),
  );
}

function verdictFor(vote: Vote, column: number): VoteRow["verdict"] {
  if (vote.kind !== "best") return vote.kind;
  return vote.column === column ? "better" : "worse";
}

function answeredTurns({ turns }: Comparison, column: number): PlainMessage[] {
  return turns.flatMap((turn) => {
    const answer = turn.answers[column];
    return pairOf(turn, answer && hasText(answer) ? plainAnswer(answer) : null);
  });
}

export interface ComparisonWords extends SpeakerNames {
  title: string;
  best(model: string): string;
  tie: string;
  bad: string;
}

/** To read: each question with all its answers, and the vote. */
export function comparisonMarkdown(
  { turns }: Comparison,
  models: readonly string[],
  words: ComparisonWords,
): string {
  const parts = turns.map((turn, i) => {
    const answers = turn.answers.flatMap((answer, column) =>
      answer ? [markdownMessage(plainAnswer(answer), words, models[column]!)] : [],
    );
    return [
      `## ${i + 1}`,
      markdownMessage({ role: "user", content: turn.user }, words),
      ...answers,
      ...(turn.vote ? [`*${voteInWords(turn.vote, models, words)}*`] : []),
    ].join("\n\n");
  });
  return `# ${words.title}: ${models.join(", ")}\n\n${parts.join("\n\n")}\n`;
}

export function voteInWords(
  vote: Vote,
  models: readonly string[],
  words: Pick<ComparisonWords, "best" | "tie" | "bad">,
): string {
  return vote.kind === "best" ? words.best(models[vote.column]!) : words[vote.kind];
}
