/** Texts to encode, and what encodes them. */

/** A text and the places in it (UTF-16 offsets, ascending) whose first tokens are wanted. */
export interface BorderedText {
  text: string;
  borders: readonly number[];
  /** The text goes on: only tokens are wanted that stay what they are whatever follows. */
  partial?: boolean;
  /** It stands inside a longer text: nothing is put before it that a tokenizer puts before a text. */
  inside?: boolean;
  /** No added token is looked for. */
  literal?: boolean;
}

export interface BorderedIds {
  ids: Int32Array;
  /** For each border, the index of the first token that starts at or after it. */
  tokenIndexes: number[];
}

export interface Encoder {
  /** False: a partial text has to be cut where no token reaches over. */
  readonly cutsIntoWords: boolean;
  encode(texts: string[], addSpecialTokens: boolean): Promise<Int32Array[]>;
  encodeBordered(texts: readonly BorderedText[]): Promise<BorderedIds[]>;
}
