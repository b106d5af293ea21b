/** XXH64 against values that the Python package xxhash 3.6 gives. */
import { expect, test } from "vitest";
import { xxHash64 } from "./xxHash64.js";

test.each([
  ["", "ef46db3751d8e999"],
  ["a", "d24ec4f1a98c6e5b"],
  ["abc", "44bc2cf5ad770999"],
  ["你好，世界", "90ccdd496c644f03"],
  ["The quick brown fox jumps over the lazy dog", "0b242d361fda71bc"],
  ["0123456789abcdef0123456789abcdef", "642a94958e71e6c5"],
  ["x".repeat(100), "92f0de5a88a3c094"],
  ["你好 hello ".repeat(40), "3754c5bf144c7854"],
])("of %j is %s", (text, expected) => {
  const bytes = Buffer.from(text);
  const whole = xxHash64();
  whole.update(bytes);
  expect(whole.digest().toString(16).padStart(16, "0")).toBe(expected);
  for (const step of [1, 7, 32, 33]) {
    const pieces = xxHash64();
    for (let at = 0; at < bytes.length; at += step) pieces.update(bytes.subarray(at, at + step));
    expect(pieces.digest()).toBe(whole.digest());
  }
});
