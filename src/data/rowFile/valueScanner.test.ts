/** Elements of an array, whatever the pieces that its bytes come in. */
import { expect, test } from "vitest";
import { createValueScanner } from "./valueScanner.js";

const elements = [
  { a: 'quotes " and \\ and \\\\" and ],[ {', b: ["", '\\"', [1, [2, "]"]]] },
  '文字，"text", \\',
  "",
  -1.5e3,
  null,
  [[], {}],
];

/** Offsets and lines that the scanner finds, given so many bytes at a time. */
function scan(text: string, step: number) {
  const bytes = Buffer.from(text);
  const found: [number, number][] = [];
  const scanner = createValueScanner("array", { add: (...row) => found.push(row) }, 0, "FILE");
  for (let at = 0; at < bytes.length; at += step) scanner.scan(bytes.subarray(at, at + step));
  scanner.finish();
  return found;
}

test.each([undefined, 1, 2])("indented by %s, in pieces of any size", (indent) => {
  const text = `\n ${JSON.stringify(elements, null, indent)} \n`;
  const whole = scan(text, text.length * 4);
  expect(whole).toHaveLength(elements.length);
  const bytes = Buffer.from(text);
  for (const [index, [offset, line]] of whole.entries()) {
    const before = bytes.subarray(0, offset).toString();
    expect(line).toBe(before.split("\n").length);
    const rest = bytes.subarray(offset, whole[index + 1]?.[0]).toString();
    const own = rest.trimEnd().replace(/[,\]]$/, "");
    expect(JSON.parse(own)).toEqual(elements[index]);
  }
  for (const step of [1, 2, 3, 5, 7, 16]) expect(scan(text, step)).toEqual(whole);
});

test("line breaks that a broken string holds still count", () => {
  for (const step of [1, 4, 100])
    expect(scan('["a\nb\n",\n{}]', step)).toEqual([
      [1, 1],
      [9, 4],
    ]);
});

test("an end that is missing or comes too early is refused with its line", () => {
  for (const step of [1, 3, 100]) {
    expect(() => scan('["a\\",\n"b"]', step)).toThrow("FILE:2: not a valid JSON array");
    expect(() => scan('[{"a":1}\n,', step)).toThrow("FILE:2: not a valid JSON array");
    expect(() => scan("[1]\n\n2", step)).toThrow("FILE:3: not a valid JSON array");
  }
});
