/** Takes requests. */
import { ConfigError, DataError } from "../../util/errors.js";
import { showBytes } from "../../util/showBytes.js";
import { checkPrompt, contextLength } from "../prompts.js";
import { seededRandom } from "../random.js";
import { checkSettings, greedySettings } from "../settings.js";
import type { Decoder } from "./decoder.js";
import { PAGE_TOKENS } from "./pageTree.js";
import { type DecodeRequest, mostLogprobs } from "./requests.js";
import { bytesPerToken } from "./storage.js";
import { mostTokens, type Text } from "./texts.js";

/**
 * Puts a prompt behind those that wait. Greedy tokens are the same whatever is computed beside them;
 * drawn ones depend on the request's own generator alone.
 *
 * @returns the number that its events carry
 * @throws ConfigError for a setting out of its range
 * @throws DataError where the prompt cannot be answered, or would never find memory
 */
export function submit(decoder: Decoder, request: DecodeRequest): number {
  const { model } = decoder.prepared;
  const settings = { ...greedySettings, ...request.settings };
  const context = contextLength(model);
  const rows = model.embedding.tensor.size(0);
  checkSettings(settings);
  checkPrompt(request.promptIds, { rows, context });
  checkChoices(request, rows);
  const ids = Array.from(request.promptIds);
  const text: Text = {
    request: decoder.requests++,
    client: request.client ?? "",
    ids,
    seen: new Set(settings.repetitionPenalty === 1 ? [] : ids),
    answer: [],
    counts: new Map(),
    promptLength: ids.length,
    cachedTokens: -1,
    settings,
    stopIds: new Set(request.stopTokenIds),
    random: request.random ?? seededRandom(0),
    logitBias: request.logitBias?.size ? request.logitBias : undefined,
    allow: request.allow,
    logprobs: request.logprobs,
    most: Math.min(settings.maxNewTokens, context - ids.length),
  };
  if (Math.ceil(mostTokens(text) / PAGE_TOKENS) > decoder.tree.count) throw tooLong(decoder, text);
  decoder.waiting.push(text);
  return text.request;
}

/** @param rows of the embedding @throws ConfigError for a number of log probabilities or a bias that cannot be */
function checkChoices({ logprobs = 0, logitBias = new Map() }: DecodeRequest, rows: number): void {
  if (!Number.isInteger(logprobs) || logprobs < 0 || logprobs > mostLogprobs) {
    throw new ConfigError(`logprobs cannot be ${logprobs}`, {
      why: `it must be an integer from 0 to ${mostLogprobs}`,
    });
  }
  for (const [id, bias] of logitBias) {
    const isToken = Number.isInteger(id) && id >= 0 && id < rows;
    if (isToken && Number.isFinite(bias)) continue;
    throw new ConfigError(`logit_bias cannot be ${bias} for token ${id}`, {
      why: isToken ? "it must be a finite number" : `token ids go from 0 to ${rows - 1}`,
    });
  }
}

function tooLong({ prepared, tree }: Decoder, text: Text): DataError {
  const bytes = bytesPerToken(prepared);
  const needed = showBytes(mostTokens(text) * bytes);
  const there = showBytes(tree.count * PAGE_TOKENS * bytes);
  return new DataError(`no memory for a text of ${mostTokens(text)} tokens`, {
    why: `its keys and values take ${needed}, and there are ${there} for them`,
    todo: "ask for fewer new tokens, or shorten the prompt",
  });
}
