/** The next token of each of many texts. */
import { type Tensor, tidy } from "../../tensor/index.js";
import { chooseToken, refuseNotANumber, type TokenHistory } from "../generateTokens.js";
import type { RandomState } from "../random.js";
import type { GenerationSettings } from "../settings.js";

/** A text that waits for its next token. */
export interface TextState extends TokenHistory {
  settings: GenerationSettings;
  random: RandomState;
}

/**
 * The tokens by each text's own settings. Where the most probable one is wanted as it is, libtorch
 * finds it, and no logits leave the device.
 *
 * @param logits [texts, vocab]
 * @throws TunewrightError where the model's output is not a number
 */
export function chooseTokens(logits: Tensor, texts: readonly TextState[]): number[] {
  return tidy(() => {
    const single = logits.to({ dtype: "float32" });
    const best = texts.some(isPlain) ? mostProbable(single) : [];
    return texts.map((text, i) => {
      if (isPlain(text)) return best[i]!;
      const row = single.narrow(0, i, 1).to({ device: "cpu" }).bytes();
      return chooseToken(new Float32Array(row.slice().buffer), text, text.settings, text.random);
    });
  });
}

function isPlain({ settings }: TextState): boolean {
  const { temperature, repetitionPenalty, noRepeatNgramSize } = settings;
  return temperature === 0 && repetitionPenalty === 1 && noRepeatNgramSize === 0;
}

/** The ids of the largest logits, the lowest of equal ones. @param logits [texts, vocab] */
function mostProbable(logits: Tensor): number[] {
  const ids = logits.argmax(-1).to({ dtype: "int32", device: "cpu" }).bytes().slice();
  const largest = logits.amax([-1]).to({ device: "cpu" }).bytes().slice();
  for (const value of new Float32Array(largest.buffer)) refuseNotANumber(value);
  return Array.from(new Int32Array(ids.buffer));
}
