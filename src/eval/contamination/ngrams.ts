/** Numbers that stand for n-grams, by rolling hashes. */

const FIRST = 0x2c1b3c6d;
const SECOND = 0x297a2d39;

function power(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = Math.imul(result, base);
  return result;
}

/**
 * Calls back for each n-gram, in order, with its key (an integer from 1 to 2^53) and where it begins.
 * Two hashes together make a key: two n-grams of 10^9 share one about once in 10^7.
 *
 * @param tokens numbers of tokens; a negative one ends a run
 */
export function eachNgram(
  tokens: ArrayLike<number>,
  length: number,
  onNgram: (key: number, begin: number) => void,
): void {
  const firstOut = power(FIRST, length);
  const secondOut = power(SECOND, length);
  let first = 0;
  let second = 0;
  let run = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]! + 1;
    if (token <= 0) {
      first = second = run = 0;
      continue;
    }
    first = (Math.imul(first, FIRST) + token) | 0;
    second = (Math.imul(second, SECOND) + token) | 0;
    if (++run > length) {
      const out = tokens[i - length]! + 1;
      first = (first - Math.imul(out, firstOut)) | 0;
      second = (second - Math.imul(out, secondOut)) | 0;
    }
    if (run < length) continue;
    const mixed = Math.imul(second ^ Math.imul(length, 0x85ebca6b), 0xc2b2ae35);
    onNgram((first >>> 0) * 2 ** 21 + (mixed >>> 11) + 1, i - length + 1);
  }
}
