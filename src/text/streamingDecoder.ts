/** Turns ids into text one at a time without ever showing half a character. */

export interface StreamingDecoder {
  /** The text that has become certain with this id; often empty inside a multi-byte character. */
  push(id: number): string;
  /** What is left, with U+FFFD for bytes that never became a character. */
  flush(): string;
}

const replacement = "\ufffd";
/** Bytes that are still no character after this many tokens never will be. */
const longestPending = 32;

/**
 * Decodes a short window of ids again with every token: the spaces that a token brings depend on
 * its neighbours, so tokens cannot be decoded alone.
 * @param decode decodes a list of ids
 */
export function createStreamingDecoder(decode: (ids: number[]) => string): StreamingDecoder {
  let ids: number[] = [];
  /** Number of ids in the window whose text is out already. */
  let shown = 0;
  let shownText = "";

  const advance = (text: string): string => {
    const fresh = text.slice(shownText.length);
    ids = ids.slice(shown);
    shown = ids.length;
    shownText = decode(ids);
    return fresh;
  };

  return {
    push(id) {
      ids.push(id);
      const text = decode(ids);
      const pending = ids.length - shown;
      if (text.length <= shownText.length) {
        // A token without text (a special one, say) leaves the window once there are too many.
        if (pending > longestPending && !text.endsWith(replacement)) advance(text);
        return "";
      }
      if (text.endsWith(replacement) && pending < longestPending) return "";
      return advance(text);
    },
    flush() {
      const text = decode(ids);
      const fresh = text.slice(shownText.length);
      ids = [];
      shown = 0;
      shownText = "";
      return fresh;
    },
  };
}
