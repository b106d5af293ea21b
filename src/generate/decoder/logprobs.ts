/** Log probabilities of tokens that were chosen, and of the likeliest ones. */
import { type Tensor, tensor, tidy } from "../../tensor/index.js";
import type { TokenLogprobs } from "./requests.js";

/**
 * The model's own: log-softmax in float32 of logits as they are.
 *
 * @param logits [n, vocab] float32
 * @param asked by row: the token that was chosen, and how many of the likeliest are wanted
 */
export function readLogprobs(
  logits: Tensor,
  asked: readonly { tokenId: number; top: number }[],
): TokenLogprobs[] {
  return tidy(() => {
    const logprobs = logits.logSoftmax(-1);
    const ids = BigInt64Array.from(asked, ({ tokenId }) => BigInt(tokenId));
    const places = tensor(ids, [asked.length, 1]).to({ device: logits.device });
    const chosen = floats(logprobs.gather(1, places));
    const most = Math.min(Math.max(...asked.map(({ top }) => top)), logits.size(1));
    const [values, indices] = most === 0 ? [null, null] : logprobs.topk(most, -1);
    const topValues = values ? floats(values) : new Float32Array();
    const topIds = indices ? integers(indices) : new Int32Array();
    return asked.map(({ top }, row) => ({
      logprob: chosen[row]!,
      top: Array.from({ length: Math.min(top, most) }, (_, i) => ({
        tokenId: topIds[row * most + i]!,
        logprob: topValues[row * most + i]!,
      })),
    }));
  });
}

function floats(x: Tensor): Float32Array {
  return new Float32Array(x.to({ device: "cpu" }).contiguous().bytes().slice().buffer);
}

function integers(x: Tensor): Int32Array {
  const whole = x.to({ dtype: "int32", device: "cpu" }).contiguous();
  return new Int32Array(whole.bytes().slice().buffer);
}
