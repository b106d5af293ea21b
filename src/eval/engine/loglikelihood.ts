/** Log-likelihoods of many continuations: what texts begin with alike is computed once. */
import { setImmediate } from "node:timers/promises";
import { disposeStorage, refuseNotANumber } from "../../generate/index.js";
import type { PreparedModel } from "../../models/index.js";
import { rotationRegime } from "../../nn/index.js";
import type { AskOptions, Loglikelihood } from "../types.js";
import type { EncodedRequest } from "./encoding.js";
import { heldBeginning } from "./held.js";
import { answerPass, type MarkAnswer } from "./markedLogits.js";
import { heldTokens, passesOf } from "./passes.js";
import { type MarkedText, prefixTree } from "./prefixTree.js";

/** Tokens that go through the model at once: products of so many rows are at their fastest on a CPU. */
const PASS_TOKENS = 1024;

export interface ScoringOptions extends AskOptions<Loglikelihood> {
  /** Tokens that go through the model at once. */
  passTokens?: number | undefined;
}

/**
 * Scores requests. Between passes the event loop runs.
 *
 * @returns by request; the same as when each is scored alone, but for rounding
 * @throws DataError where there is no memory for what prompts begin with
 * @throws TunewrightError where the model's output is not a number; the signal's reason once it aborts
 */
export async function scoreRequests(
  prepared: PreparedModel,
  requests: readonly EncodedRequest[],
  { onAnswer, signal, passTokens = PASS_TOKENS }: ScoringOptions = {},
): Promise<Loglikelihood[]> {
  const open = requests.map(({ targets }) => targets.length);
  const answers = requests.map(
    ({ cutTokens }): Loglikelihood => ({
      logprob: 0,
      greedy: true,
      ...(cutTokens > 0 ? { cutTokens } : {}),
    }),
  );
  const take = ({ mark, logprob, greedy }: MarkAnswer) => {
    const { request } = mark;
    const answer = answers[request]!;
    answer.logprob += logprob;
    answer.greedy &&= greedy;
    if (--open[request]! > 0) return;
    refuseNotANumber(answer.logprob);
    onAnswer?.(request, answer);
  };
  for (const texts of byRegime(prepared, requests.map(markedText))) {
    const longest = texts.reduce((most, { ids }) => Math.max(most, ids.length), 0);
    const tree = prefixTree(texts);
    const held = heldBeginning(prepared, heldTokens(tree, passTokens));
    try {
      for (const pass of passesOf(tree, passTokens)) {
        signal?.throwIfAborted();
        answerPass(prepared, held, pass, longest).forEach(take);
        await setImmediate();
      }
    } finally {
      if (held) disposeStorage(held);
    }
  }
  return answers;
}

/** The last positions of what a request reads predict its continuation. */
function markedText({ ids, targets }: EncodedRequest, request: number): MarkedText {
  const first = ids.length - targets.length;
  const marks = Array.from(targets, (token, i) => ({ at: first + i, token, request }));
  return { ids, marks };
}

/** Texts apart whose keys are rotated differently, as with LongRoPE those of long texts are. */
function byRegime(
  { rotary, localRotary }: PreparedModel,
  texts: readonly MarkedText[],
): MarkedText[][] {
  const regimes = new Map<string, MarkedText[]>();
  for (const text of texts) {
    const regime = [rotary, localRotary]
      .map((tables) => (tables ? rotationRegime(tables.parameters, text.ids.length) : 0))
      .join();
    const known = regimes.get(regime);
    if (known) known.push(text);
    else regimes.set(regime, [text]);
  }
  return [...regimes.values()];
}
