/** Tokens with their log probabilities as OpenAI's API tells them: with text and bytes. */
import type { TokenLogprobs } from "../../generate/index.js";
import { tokenBytes } from "../../text/index.js";
import { ConfigError } from "../../util/errors.js";
import type { LoadedModel } from "./models.js";
import type { TokenReport } from "./protocol.js";

/** @param id of the token that was chosen */
export function reportToken(
  loaded: LoadedModel,
  id: number,
  { logprob, top }: TokenLogprobs,
): TokenReport {
  loaded.bytes ??= bytesOf(loaded);
  const bytes = loaded.bytes;
  const { tokenizer } = loaded.chat;
  const shape = (tokenId: number, value: number) => {
    // Special tokens have no bytes of their own; their names are shown.
    const own = bytes[tokenId] ?? Buffer.from(tokenizer.decode([tokenId]), "utf8");
    const token = Buffer.from(own).toString("utf8");
    return { token, id: tokenId, logprob: value, bytes: [...own] };
  };
  return { ...shape(id, logprob), top: top.map((one) => shape(one.tokenId, one.logprob)) };
}

/** Tokenizers whose tokens are no bytes have texts only. */
function bytesOf({ chat }: LoadedModel): (Uint8Array | undefined)[] {
  try {
    return tokenBytes(chat.tokenizer);
  } catch (error) {
    if (error instanceof ConfigError) return [];
    throw error;
  }
}
