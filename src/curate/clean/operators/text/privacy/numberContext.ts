/** Whether a run of digits is a number to reckon with rather than a number of something. */

const operatorsBefore = "+*/×÷^<>≈≤≥·$¥￥€£#√";
const operatorsAfter = "+*/×÷^=<>≈≤≥%％‰";
const units =
  /^\s?(?:元|美元|万|亿|人|名|个|只|年|月|天|秒|分钟|小时|毫秒|公里|千米|米|厘米|吨|千克|公斤|克|度|倍|次|字节|位|字|条|件|套|台|辆|bytes?\b|bits?\b|[kmgt]?b\b|hz\b|km\b|m\b|kg\b|years?\b|dollars?\b|people\b|users?\b|ms\b|seconds?\b)/i;

/**
 * Whether the digits from `start` to `end` stand in a sum, a decimal, a code of letters and digits
 * or before a unit.
 */
export function isQuantity(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(0, start - 6), start);
  const after = text.slice(end, end + 12);
  if (/[A-Za-z0-9_]$/.test(before) || /^[A-Za-z0-9_]/.test(after)) return true;
  if (/\d[.,:]$/.test(before) || /^[.,:]\d/.test(after)) return true;
  const operatorBefore = before.trimEnd().at(-1);
  if (operatorBefore && operatorsBefore.includes(operatorBefore)) return true;
  if (/[\d)]\s?[-=]\s?$/.test(before)) return true;
  const operatorAfter = after.trimStart()[0];
  if (operatorAfter && operatorsAfter.includes(operatorAfter)) return true;
  return /^\s?-\s?\d/.test(after) || units.test(after);
}
