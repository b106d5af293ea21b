/** Texts as they are compared: words without case and punctuation, and single characters of Chinese. */

// What a UTF-16 unit is.
const SEPARATOR = 0;
const WORD = 1;
const SINGLE = 2;
const HALF = 3;

const single = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const word = /[\p{L}\p{N}\p{M}]/u;

function kindOf(character: string): number {
  if (!word.test(character)) return SEPARATOR;
  return single.test(character) ? SINGLE : WORD;
}

let kinds: Uint8Array | undefined;

/** Kinds of all units, found out once. */
function unitKinds(): Uint8Array {
  kinds ??= Uint8Array.from({ length: 0x10000 }, (_, unit) =>
    unit >= 0xd800 && unit < 0xe000 ? HALF : kindOf(String.fromCharCode(unit)),
  );
  return kinds;
}

/**
 * Calls back for each token: a run of letters, digits and marks, or one character of Chinese or Japanese.
 *
 * @param onToken receives the token with compatibility forms and case removed, and where it begins
 */
export function eachToken(
  text: string,
  onToken: (token: string, start: number, isSingle: boolean) => void,
): void {
  const table = unitKinds();
  let begin = -1;
  const endWord = (end: number) => {
    if (begin >= 0) onToken(normalized(text.slice(begin, end)), begin, false);
    begin = -1;
  };
  for (let i = 0; i < text.length; i++) {
    let kind = table[text.charCodeAt(i)]!;
    const start = i;
    if (kind === HALF) {
      const character = String.fromCodePoint(text.codePointAt(i)!);
      kind = kindOf(character);
      i += character.length - 1;
    }
    if (kind === WORD) {
      if (begin < 0) begin = start;
      continue;
    }
    endWord(start);
    if (kind === SINGLE) onToken(normalized(text.slice(start, i + 1)), start, true);
  }
  endWord(text.length);
}

const ascii = /^[\0-\x7f]*$/;

function normalized(token: string): string {
  return (ascii.test(token) ? token : token.normalize("NFKC")).toLowerCase();
}
