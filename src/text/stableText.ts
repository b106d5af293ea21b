/**
 * How far the beginning of a text can be encoded without the rest of it. Tokenizers that cut text
 * into words first do so from left to right, so all words but those near the end are final. Others
 * merge over the whole text; but no token reaches over a pair of characters that no token of the
 * vocabulary holds, so both sides of such a pair are encoded apart.
 */
import type { Encoding } from "tokenizers";

/**
 * Characters near the end that may yet become another word: longer than a regular expression looks
 * ahead, and than the text of a special token.
 */
export const unsureCharacters = 256;

/** Whether a tokenizer cuts text into words before it makes tokens of them. */
export function cutsIntoWords(preTokenizer: unknown): boolean {
  if (typeof preTokenizer !== "object" || preTokenizer === null) return false;
  const {
    type,
    pretokenizers,
    split,
    use_regex: useRegex,
  } = preTokenizer as Record<string, unknown>;
  if (type === "Sequence") return Array.isArray(pretokenizers) && pretokenizers.some(cutsIntoWords);
  if (type === "Metaspace") return split !== false;
  if (type === "ByteLevel") return useRegex !== false;
  return true;
}

/**
 * Number of tokens at the beginning that stay what they are whatever follows.
 * @param characters Unicode characters of the text that was encoded
 */
export function stableTokens(encoding: Encoding, characters: number): number {
  for (let at = characters - unsureCharacters; at > 0 && at > characters - 512; at--) {
    const token = encoding.charToToken(at);
    if (token === null) continue;
    const word = encoding.tokenToWord(token);
    const tokens = word === null ? undefined : encoding.wordToTokens(word);
    return tokens ? Math.min(token, tokens[0]) : token;
  }
  return 0;
}

/** Finds where a text can be cut for a tokenizer that does not cut it into words. */
export function createTextCutter(
  tokens: readonly (string | undefined)[],
  addedTokens: readonly string[],
): (text: string) => string {
  const known = new Set<number>();
  const pairs = new Set<number>();
  for (const token of tokens) {
    if (token === undefined) continue;
    if (token.length === 1) known.add(unit(token, 0));
    for (let at = 1; at < token.length; at++)
      pairs.add(unit(token, at - 1) * 65536 + unit(token, at));
  }
  const splitsAdded = (text: string, at: number) =>
    addedTokens.some((token) =>
      text.slice(Math.max(0, at - token.length + 1), at + token.length - 1).includes(token),
    );
  return (text) => {
    for (let at = text.length - unsureCharacters; at > 0; at--) {
      const [left, right] = [unit(text, at - 1), unit(text, at)];
      // A space at the end might be taken away.
      if (left === 0x20) continue;
      if (!known.has(left) || !known.has(right) || pairs.has(left * 65536 + right)) continue;
      if (!isPlain(text, at - 1) || !isPlain(text, at) || splitsAdded(text, at)) continue;
      return text.slice(0, at);
    }
    return "";
  };
}

/** SentencePiece writes a space as ▁. */
function unit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code === 0x2581 ? 0x20 : code;
}

/** A character that no normaliser joins with its neighbours; of spaces, one that stands alone. */
function isPlain(text: string, at: number): boolean {
  const character = text[at]!;
  if (character === " ") return !/\s/.test(`${text[at - 1] ?? "x"}${text[at + 1] ?? " "}`);
  return /[\p{L}\p{N}!-~。]/u.test(character) && character.normalize("NFKC") === character;
}
