/** Which words two texts do not share. */

export interface Part {
  text: string;
  /** Whether the other text lacks it. */
  changed: boolean;
}

/** Words beyond which the rest is taken as one: the table below has a cell for each pair. */
const mostWords = 2000;

/** Words with the space after them apart; Chinese by the browser's dictionary. */
function wordsOf(text: string): string[] {
  const words = [...new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)].map(
    ({ segment }) => segment,
  );
  return words.length <= mostWords
    ? words
    : [...words.slice(0, mostWords), words.slice(mostWords).join("")];
}

/**
 * Both texts as parts, by their longest common subsequence of words.
 *
 * @returns parts of the first and of the second text; joined they are the texts again
 */
export function wordDifference(first: string, second: string): [Part[], Part[]] {
  const [a, b] = [wordsOf(first), wordsOf(second)];
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const [left, right]: [Part[], Part[]] = [[], []];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      append(left, a[i++]!, false);
      append(right, b[j++]!, false);
    } else if (
      j >= b.length ||
      (i < a.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)
    ) {
      append(left, a[i++]!, true);
    } else append(right, b[j++]!, true);
  }
  return [left, right];
}

function append(parts: Part[], text: string, changed: boolean): void {
  const last = parts.at(-1);
  if (last?.changed === changed) last.text += text;
  else parts.push({ text, changed });
}
