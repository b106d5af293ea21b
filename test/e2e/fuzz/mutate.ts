/** Bodies that are nearly right. */

type Random = (limit: number) => number;

/** Values that a field is not made for. */
export const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  -(2 ** 63),
  "",
  "x",
  "\u0000",
  "../../../../etc/passwd",
  "\ud83d\ude00".repeat(40),
  [],
  [null],
  [[[[]]]],
  {},
  { type: "x" },
  { __proto__: null, constructor: { prototype: 1 } },
];

/** Texts that are no JSON, or hardly. */
export function oddTexts(): (string | Buffer)[] {
  return [
    "",
    " ",
    "null",
    "[]",
    '"text"',
    "1",
    "{",
    "}",
    "{]",
    '{"a":1}{"b":2}',
    "{'model':'x'}",
    '{"model":NaN}',
    '{"model":1e999999}',
    `{"n":${"9".repeat(5000)}}`,
    '{"model":"\\ud800"}',
    '{"model":"a","model":"b","messages":1}',
    '{"__proto__":{"model":"x"}}',
    '\ufeff{"model":"x"}',
    "[".repeat(100_000),
    `${"[".repeat(5000)}${"]".repeat(5000)}`,
    `{"messages":${'[{"role":"user","content":'.repeat(2000)}1`,
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    Buffer.from([0xc0, 0x80]),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from([0xf5, 0x80, 0x80, 0x80]),
    Buffer.alloc(1000, 0),
    Buffer.from("{\u0000}", "utf16le"),
  ];
}

/** Bytes with some of them changed, left out, doubled, or put elsewhere. */
export function mutated(text: string, random: Random): Buffer {
  let bytes = Buffer.from(text);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const size = random(8);
    const [before, part, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + size),
      bytes.subarray(at + size),
    ];
    const kind = random(5);
    if (kind === 0) bytes = Buffer.concat([before, after]);
    else if (kind === 1) bytes = Buffer.concat([before, part, part, after]);
    else if (kind === 2) bytes = Buffer.concat([before, Buffer.from([random(256)]), part, after]);
    else if (kind === 3) bytes = Buffer.concat([after, part, before]);
    else bytes = Buffer.concat([before, Buffer.from('{}[]",:0\\'[random(9)]!), after]);
  }
  return bytes;
}
