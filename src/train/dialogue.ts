/** A fixed dialogue that the model answers while it learns, for the run's `dialogue` events. */
import { languageDetector } from "../eval/index.js";
import {
  answerEnds,
  checkPrompt,
  contextLength,
  createSession,
  disposeSession,
  greedySettings,
  reply,
} from "../generate/index.js";
import type { CausalLanguageModel } from "../models/index.js";
import { type ChatTemplate, encodePrompt, type Tokenizer } from "../text/index.js";
import { DataError, withWhy } from "../util/errors.js";
import { readScript } from "../util/readScript.js";
import { type AnsweredTurn, measureAnswers } from "./answerFigures.js";
import type { Recorder } from "./recorder.js";

interface DialogueText {
  tokenizer: Tokenizer;
  template: ChatTemplate;
}

/**
 * Reads the user turns of `sample_dialogue`.
 *
 * @returns none where no file is given
 * @throws DataError where the file cannot be read, or a turn alone is too long for the model or has a
 *   token that it does not know
 */
export async function openDialogue(
  file: string | null,
  { tokenizer, template, embeddingRows }: DialogueText & { embeddingRows: number },
  model: Pick<CausalLanguageModel, "config">,
): Promise<string[]> {
  if (file === null) return [];
  const questions = readScript(file);
  for (const [index, content] of questions.entries()) {
    const ids = await encodePrompt([{ role: "user", content }], tokenizer, template);
    const name = `turn ${index + 1} of sample_dialogue ${file}`;
    checkPrompt(ids, { rows: embeddingRows, context: contextLength(model), name });
  }
  return questions;
}

export interface DialogueOptions extends DialogueText {
  maxNewTokens: number;
  /** Called with every piece of an answer; what it throws ends the dialogue. */
  onText: () => void;
}

/** Asks all questions in one conversation, greedily, and records answers and figures. */
export async function recordDialogue(
  model: CausalLanguageModel,
  questions: readonly string[],
  recorder: Recorder,
  options: DialogueOptions,
): Promise<void> {
  const started = performance.now();
  const { turns, problem } = await askAll(model, questions, options);
  if (problem) {
    const reason = withWhy(problem.message, problem.why);
    recorder.warn(`sample_dialogue ends after ${turns.length} answers: ${reason}`);
  }
  if (turns.length === 0) return;
  recorder.write({
    type: "dialogue",
    turns: turns.map(({ user, text, tokenIds, isCutOff }) => {
      const finish_reason = isCutOff ? "length" : "stop";
      return { user, text, finish_reason, tokens: tokenIds.length };
    }),
    ...measureAnswers(turns, await languageDetector()),
    seconds: (performance.now() - started) / 1000,
  });
}

/** The answers, up to the first question that cannot be answered. */
async function askAll(
  model: CausalLanguageModel,
  questions: readonly string[],
  { tokenizer, template, maxNewTokens, onText }: DialogueOptions,
): Promise<{ turns: AnsweredTurn[]; problem?: DataError }> {
  const ends = answerEnds(model, tokenizer, template);
  const stopIds = new Set(ends.stopTokenIds);
  const session = createSession(
    { model, tokenizer, template, ...ends },
    { settings: { ...greedySettings, maxNewTokens } },
  );
  const turns: AnsweredTurn[] = [];
  try {
    for (const user of questions) {
      const answer = reply(session, user);
      let next = await answer.next();
      for (; !next.done; next = await answer.next()) onText();
      const { text, tokenIds, finishReason } = next.value;
      const spoken = tokenIds.filter((id) => !stopIds.has(id));
      turns.push({ user, text, tokenIds: spoken, isCutOff: finishReason === "length" });
    }
    return { turns };
  } catch (problem) {
    if (problem instanceof DataError) return { turns, problem };
    throw problem;
  } finally {
    disposeSession(session);
  }
}
