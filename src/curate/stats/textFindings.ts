/** Things in texts that are worth a look before training. */
import type { Tokenizer } from "../../text/index.js";

/**
 * Places that someone forgot to fill in: `{{name}}`, `[Your Name]`, `[insert date]`, `【姓名】`,
 * `[公司名称]`. Bracketed words of other kinds are too often meant as they stand.
 */
const placeholder =
  /\{\{\s*[\p{L}\p{N}_.\- ]{1,40}\s*\}\}|\[(?:your|insert|enter|add|company|recipient)\b[^[\]\n]{0,40}\]|[[【](?:您的|你的|请填写|填写|插入|姓名|名字|公司名|公司名称|日期|地址|电话|联系方式)[^[\]【】\n]{0,20}[\]】]/giu;

/** The different placeholders of a text. */
export function findPlaceholders(text: string): Set<string> {
  return new Set(text.match(placeholder) ?? []);
}

/** What a token tells about how well the vocabulary suits a text. */
export type TokenKind = "whole" | "unknown" | "piece";

/**
 * `unknown` for the unknown token, `piece` for a byte of a character that is not in the vocabulary
 * as a whole: `<0xE4>` of SentencePiece, or a byte-level token that decodes to a broken character.
 */
export function tokenKinds(tokenizer: Tokenizer): (id: number) => TokenKind {
  const known = new Map<number, TokenKind>();
  const find = (id: number): TokenKind => {
    if (id === tokenizer.unkTokenId) return "unknown";
    const text = tokenizer.idToToken(id) ?? "";
    const byte = /^<0x([0-9A-F]{2})>$/.exec(text)?.[1];
    if (byte !== undefined) return Number.parseInt(byte, 16) >= 0x80 ? "piece" : "whole";
    return tokenizer.decode([id]).includes("\ufffd") ? "piece" : "whole";
  };
  return (id) => {
    let kind = known.get(id);
    if (kind === undefined) {
      kind = find(id);
      known.set(id, kind);
    }
    return kind;
  };
}
