/** The escapes of Python's string literals. */

const simple: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

const escapes = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(.))/gsu;

/**
 * What the text between the quotes of a literal stands for.
 * @param fail says what is wrong with an escape
 * @param unknown what an escape stands for that Python does not know; itself by default, as in Python
 */
export function readPythonEscapes(
  text: string,
  fail: (what: string) => never,
  unknown: (written: string) => string = (written) => written,
): string {
  if (!text.includes("\\")) return text;
  const codePoint = (digits: string, base: number) => {
    const code = Number.parseInt(digits, base);
    return code > 0x10ffff ? fail("an unknown character") : String.fromCodePoint(code);
  };
  return text.replace(escapes, (written, byte, short, long, octal, other) => {
    const hex = byte ?? short ?? long;
    if (hex !== undefined) return codePoint(hex, 16);
    if (octal !== undefined) return codePoint(octal, 8);
    if (Object.hasOwn(simple, other)) return simple[other]!;
    if (/^[xuU]$/.test(other)) fail(`an escape \\${other} that is too short`);
    if (other === "N") fail("a character by its name");
    return unknown(written);
  });
}
