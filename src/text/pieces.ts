/** Encoding of pieces out of the middle of a text, to the ids of transformers' `encode_marked_chat`. */
import type { BorderedIds, BorderedText } from "./borderedText.js";

/** @param literal whether the text of added tokens is ordinary text */
type Encode = (texts: readonly BorderedText[], literal: boolean) => Promise<BorderedIds[]>;

/**
 * A tokenizer may put a space before the first word of a text. A piece that stands inside one is
 * therefore encoded behind a line break, whose ids are then taken away.
 */
export async function encodePieces(
  texts: readonly BorderedText[],
  encode: Encode,
): Promise<BorderedIds[]> {
  const [lineBreak] = await encode([{ text: "\n", borders: [] }], false);
  const results: BorderedIds[] = [];
  for (const literal of [false, true]) {
    const own = [...texts.keys()].filter((index) => (texts[index]!.literal ?? false) === literal);
    const encoded = await encode(
      own.map((index) => (texts[index]!.inside ? behindLineBreak(texts[index]!) : texts[index]!)),
      literal,
    );
    // A line break that is part of a longer token is not taken away: the piece has one of its own.
    const joined = own.filter(
      (index, order) => texts[index]!.inside && !startsWith(encoded[order]!.ids, lineBreak!.ids),
    );
    const alone = (
      await encode(
        joined.map((index) => texts[index]!),
        literal,
      )
    ).values();
    for (const [order, index] of own.entries()) {
      if (joined.includes(index)) results[index] = alone.next().value!;
      else if (texts[index]!.inside) {
        results[index] = withoutFirst(encoded[order]!, lineBreak!.ids.length);
      } else results[index] = encoded[order]!;
    }
  }
  return results;
}

function behindLineBreak(text: BorderedText): BorderedText {
  return { ...text, text: `\n${text.text}`, borders: text.borders.map((border) => border + 1) };
}

function startsWith(ids: Int32Array, first: Int32Array): boolean {
  return first.every((id, index) => ids[index] === id);
}

function withoutFirst({ ids, tokenIndexes }: BorderedIds, count: number): BorderedIds {
  return {
    ids: ids.subarray(count),
    tokenIndexes: tokenIndexes.map((index) => Math.max(0, index - count)),
  };
}
