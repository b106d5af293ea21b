import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { stringifyJson } from "./json/index.js";
import { parsePythonLiteral } from "./pythonLiteral.js";

/** Made by test/parity/python_literal_fixtures.py: what Python's `repr` writes, and the same as JSON. */
const { pairs, refused } = JSON.parse(
  readFileSync(new URL("../../test/parity/fixtures/python-literal.json", import.meta.url), "utf8"),
) as { pairs: [string, string][]; refused: string[] };

it("what Python's repr and numpy's str write is read as it was", () => {
  for (const [literal, json] of pairs) {
    expect(stringifyJson(parsePythonLiteral(literal)), literal).toBe(json);
  }
});

it("numbers, escapes and separators that repr does not write are read too", () => {
  const read = (text: string) => stringifyJson(parsePythonLiteral(text));
  expect(read(" [ +1, .5, 1., 1E3, -0 ,] ")).toBe("[1,0.5,1.0,1000.0,0]");
  expect(read('"\\x41\\u00e9\\U0001f600\\101\\q\\\nx"')).toBe('"Aé😀A\\\\qx"');
  expect(read("(1,)")).toBe("[1]");
});

it.each(refused)("%j is refused", (text) => {
  expect(() => parsePythonLiteral(text)).toThrow(SyntaxError);
});
