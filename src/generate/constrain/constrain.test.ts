import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadTokenizer, type Tokenizer } from "../../text/index.js";
import { byteTokenizer } from "../../text/testTokenizers.js";
import { builtinModelPath } from "../../util/builtin-model.js";
import { randomNumbers } from "../../util/testRandom.js";
import { type Constraint, createConstrainer, jsonConstraint, schemaConstraint } from "./index.js";
import { createTokenTree } from "./tokenTree.js";

const merges = [
  '{ "',
  '" :',
  '" ,',
  '" }',
  "[ [",
  "1 2",
  "12 3",
  '": "',
  "Ã ¤",
  "a b",
  "ab c",
  "} }",
  "t r",
  "tr u",
  "tru e",
  "\\ u",
  "} ]",
];
const small = byteTokenizer(merges);
const smallConstrainer = createConstrainer(small);
const end = small.eosTokenId!;

/** Ids of a tokenizer whose texts begin with what ends something in JSON. */
function closers(tokenizer: Tokenizer): Set<number> {
  const all = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
  return new Set(all.filter((id) => /^["}\]:]/.test(tokenizer.decode([id]))));
}

function allowed(mask: Uint32Array): number[] {
  const ids: number[] = [];
  mask.forEach((word, at) => {
    for (let rest = word; rest !== 0; rest &= rest - 1) {
      ids.push(at * 32 + 31 - Math.clz32(rest & -rest));
    }
  });
  return ids;
}

/** An answer of random tokens; undefined where it does not end by itself. */
function randomAnswer(
  constraint: Constraint,
  tokenizer: Tokenizer,
  random: (limit: number) => number,
  closing = closers(tokenizer),
): string | undefined {
  const ids: number[] = [];
  for (let step = 0; step < 3000; step++) {
    const mask = constraint.allow(ids);
    const choices = allowed(mask);
    if (choices.length === 0) throw new Error(`no way on behind ${tokenizer.decode(ids)}`);
    const last = choices.includes(tokenizer.eosTokenId!);
    // Ends and brackets are few among many letters: without a push texts would never end.
    const ends = choices.filter((id) => closing.has(id));
    const push = random(3) > 0;
    const wanted =
      last && push ? [tokenizer.eosTokenId!] : ends.length > 0 && push ? ends : choices;
    const id = wanted[random(wanted.length)]!;
    if (id === tokenizer.eosTokenId) return tokenizer.decode(ids);
    ids.push(id);
  }
  return undefined;
}

function accepts(constraint: Constraint, tokenizer: Tokenizer, ids: ArrayLike<number>): boolean {
  const answer: number[] = [];
  for (const id of [...Array.from(ids), tokenizer.eosTokenId!]) {
    const mask = constraint.allow(answer);
    if (((mask[id >>> 5]! >>> (id & 31)) & 1) === 0) return false;
    answer.push(id);
  }
  return true;
}

async function fits(schema: unknown, value: unknown): Promise<boolean> {
  const constraint = schemaConstraint(smallConstrainer, schema, [end]);
  const text =
    typeof value === "string" && value.startsWith("raw:") ? value.slice(4) : JSON.stringify(value);
  return accepts(constraint, small, await small.encode(text));
}

const person = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, maxLength: 5 },
    age: { type: "integer" },
    tags: { type: "array", items: { enum: ["a", "ä", null, 3] }, minItems: 1, maxItems: 3 },
    mood: { anyOf: [{ type: "null" }, { const: "good" }, { type: "boolean" }] },
    friend: { $ref: "#" },
    score: { type: "number" },
    pair: {
      type: "array",
      prefixItems: [{ type: "integer" }, { type: "string" }],
      items: false,
      minItems: 2,
    },
  },
  required: ["name", "tags", "pair"],
  additionalProperties: false,
};

function checkPerson(value: Record<string, unknown>, depth = 0): void {
  expect(Object.keys(value).filter((key) => !Object.hasOwn(person.properties, key))).toEqual([]);
  const { name, age, tags, mood, friend, score, pair } = value;
  expect([...(name as string)].length).toBeGreaterThanOrEqual(1);
  expect([...(name as string)].length).toBeLessThanOrEqual(5);
  if (age !== undefined) expect(Number.isInteger(age)).toBe(true);
  if (score !== undefined) expect(Number.isFinite(score)).toBe(true);
  expect((tags as unknown[]).length).toBeGreaterThanOrEqual(1);
  expect((tags as unknown[]).length).toBeLessThanOrEqual(3);
  for (const tag of tags as unknown[]) expect(["a", "ä", null, 3]).toContain(tag);
  if (mood !== undefined) expect([null, "good", true, false]).toContain(mood);
  expect(pair).toEqual([expect.any(Number), expect.any(String)]);
  if (friend !== undefined) checkPerson(friend as Record<string, unknown>, depth + 1);
}

describe("answers of random tokens", () => {
  it("are JSON objects", () => {
    const random = randomNumbers(1);
    let whole = 0;
    for (let run = 0; run < 150; run++) {
      const text = randomAnswer(jsonConstraint(smallConstrainer, [end]), small, random);
      if (text === undefined) continue;
      whole++;
      const value: unknown = JSON.parse(text);
      expect(typeof value === "object" && value !== null && !Array.isArray(value), text).toBe(true);
      expect(Buffer.from(text).toString()).toBe(text);
      expect(text).not.toContain("\ufffd");
    }
    expect(whole).toBeGreaterThan(100);
  });

  it("fit their schema", () => {
    const random = randomNumbers(2);
    let whole = 0;
    for (let run = 0; run < 150; run++) {
      const text = randomAnswer(schemaConstraint(smallConstrainer, person, [end]), small, random);
      if (text === undefined) continue;
      whole++;
      checkPerson(JSON.parse(text) as Record<string, unknown>);
    }
    expect(whole).toBeGreaterThan(100);
  });
});

describe("tokens of JSON", () => {
  it("are allowed, whatever the text", async () => {
    const random = randomNumbers(3);
    const value = (depth: number): unknown => {
      const kind = random(depth > 5 ? 6 : 8);
      if (kind === 0) return null;
      if (kind === 1) return random(2) === 0;
      if (kind === 2) return random(2000) - 1000;
      if (kind === 3) return (random(2000) - 1000) / 7;
      if (kind <= 5) {
        const characters = [
          "a",
          "ab",
          "ä",
          "龍",
          "😀",
          '"',
          "\\",
          "\n",
          "\u0001",
          "/",
          "\u007f",
          " ",
        ];
        return Array.from({ length: random(8) }, () => characters[random(characters.length)]).join(
          "",
        );
      }
      if (kind === 6) return Array.from({ length: random(4) }, () => value(depth + 1));
      return Object.fromEntries(
        Array.from({ length: random(4) }, (_, at) => [
          `k${at}${"ä".repeat(random(3))}`,
          value(depth + 1),
        ]),
      );
    };
    for (let run = 0; run < 300; run++) {
      const text = JSON.stringify({ v: value(0) }, null, [0, 2, 4][random(3)]);
      const constraint = jsonConstraint(smallConstrainer, [end]);
      expect(accepts(constraint, small, await small.encode(text)), text).toBe(true);
    }
  });

  it.each([
    '{"a":1}x',
    "[1]",
    '{"a":01}',
    '{"a":.5}',
    '{"a":1.}',
    '{"a":+1}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":tru}',
    '{"a":1,}',
    '{,"a":1}',
    "{'a':1}",
    '{"a" 1}',
    '{"a":"\\ud800"}',
    '{"a":"\\udc00"}',
    '{"a":NaN}',
    '{"a":[1,]}',
    '{"a":1}}',
    '{"a":"',
    "",
  ])("are not allowed in %j", async (text) => {
    const constraint = jsonConstraint(smallConstrainer, [end]);
    expect(accepts(constraint, small, await small.encode(text))).toBe(false);
  });

  it("are bounded in depth, white space and digits", async () => {
    const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    const of = async (text: string) =>
      accepts(jsonConstraint(smallConstrainer, [end]), small, await small.encode(text));
    expect(await of(deep(64))).toBe(true);
    expect(await of(deep(65))).toBe(false);
    expect(await of(`{"a":${" ".repeat(40)}1}`)).toBe(true);
    expect(await of(`{"a":${" ".repeat(41)}1}`)).toBe(false);
    expect(await of(`{"a":${"1".repeat(20)}}`)).toBe(true);
    expect(await of(`{"a":${"1".repeat(21)}}`)).toBe(false);
    expect(await of('{"a":1e99}')).toBe(true);
    expect(await of('{"a":1e100}')).toBe(false);
  });
});

describe("a schema", () => {
  it("decides what is valid", async () => {
    const valid = { name: "Bo", tags: ["a"], pair: [1, "x"] };
    expect(await fits(person, valid)).toBe(true);
    expect(await fits(person, { ...valid, name: "" })).toBe(false);
    expect(await fits(person, { ...valid, name: "sechs6" })).toBe(false);
    expect(await fits(person, { ...valid, name: "😀😀😀😀😀" })).toBe(true);
    expect(await fits(person, { name: "Bo", tags: ["b"], pair: [1, "x"] })).toBe(false);
    expect(await fits(person, { name: "Bo", tags: [], pair: [1, "x"] })).toBe(false);
    expect(await fits(person, { name: "Bo", tags: [3, null, "ä"], pair: [1, "x"] })).toBe(true);
    expect(await fits(person, { name: "Bo", tags: [3, null, "ä", 3], pair: [1, "x"] })).toBe(false);
    expect(await fits(person, { name: "Bo", age: 1.5, tags: ["a"], pair: [1, "x"] })).toBe(false);
    expect(await fits(person, { name: "Bo", tags: ["a"], friend: valid, pair: [1, "x"] })).toBe(
      true,
    );
    expect(await fits(person, { name: "Bo", tags: ["a"] })).toBe(false);
    expect(await fits(person, { ...valid, other: 1 })).toBe(false);
    expect(await fits({ type: ["string", "null"] }, null)).toBe(true);
    expect(await fits({ type: ["string", "null"] }, "raw:1")).toBe(false);
    expect(await fits({}, [1, { a: null }])).toBe(true);
    expect(await fits({ type: "array", maxItems: 0 }, [])).toBe(true);
    expect(await fits({ type: "array", maxItems: 0 }, [1])).toBe(false);
  });

  it("lets other properties in where it asks for them", async () => {
    const schema = {
      type: "object",
      properties: { a: { type: "null" } },
      additionalProperties: { type: "integer" },
    };
    expect(await fits(schema, { a: null, b: 1, ab: 2 })).toBe(true);
    expect(await fits(schema, { b: 1 })).toBe(true);
    expect(await fits(schema, { a: 1 })).toBe(false);
    expect(await fits(schema, { b: "x" })).toBe(false);
    expect(await fits({ ...schema, additionalProperties: true }, { b: "x" })).toBe(true);
    expect(await fits(schema, 'raw:{"\\u0061":1}')).toBe(false);
  });

  it("refers to its own parts, oneOf among alternatives that exclude each other", async () => {
    const schema = {
      $defs: {
        leaf: { type: "object", properties: { kind: { const: "leaf" } }, required: ["kind"] },
        pair: {
          type: "object",
          properties: {
            kind: { const: "pair" },
            left: { $ref: "#/$defs/tree" },
            right: { $ref: "#/$defs/tree" },
          },
          required: ["kind", "left", "right"],
        },
        tree: { oneOf: [{ $ref: "#/$defs/leaf" }, { $ref: "#/$defs/pair" }] },
      },
      $ref: "#/$defs/tree",
    };
    const leaf = { kind: "leaf" };
    expect(
      await fits(schema, {
        kind: "pair",
        left: leaf,
        right: { kind: "pair", left: leaf, right: leaf },
      }),
    ).toBe(true);
    expect(await fits(schema, { kind: "pair", left: leaf })).toBe(false);
  });

  it.each([
    [{ type: "string", pattern: "a+" }, "at # has the keyword pattern"],
    [
      { type: "object", properties: { a: { type: "integer", minimum: 1 } } },
      "at #/properties/a has the keyword minimum",
    ],
    [{ type: "array", uniqueItems: true }, "uniqueItems"],
    [{ $ref: "http://example.com/schema" }, "only references inside the schema"],
    [{ $ref: "#/$defs/none" }, "is not there"],
    [{ oneOf: [{ type: "integer" }, { type: "number" }] }, "oneOf"],
    [{ type: "strin" }, 'has the type "strin"'],
    [{ type: "object", required: ["a"], properties: { b: {} } }, 'requires "a"'],
    [false, "is no schema"],
    [{ enum: [] }, "no list of values"],
    [{ type: "string", minLength: 3, maxLength: 2 }, "minLength above maxLength"],
    [{ type: "object", properties: { a: { $ref: "#" } }, required: ["a"] }, "no value fits"],
    [{ not: {} }, "keyword not"],
  ])("is refused: %j", (schema, message) => {
    expect(() => schemaConstraint(smallConstrainer, schema, [end])).toThrow(message);
  });

  it("says what it does not enforce", () => {
    const { notes } = schemaConstraint(smallConstrainer, { type: "string", format: "date" }, [end]);
    expect(notes).toEqual([expect.stringContaining("format")]);
  });
});

describe("a vocabulary of 200,000 tokens", () => {
  it("is as good as a small one", () => {
    const characters = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));
    const pairs = Array.from({ length: 200_000 }, (_, at) => `${at.toString(36)}"`);
    const tree = createTokenTree([...characters, ...pairs].map((text) => Buffer.from(text)));
    const constrainer = { tree, inner: new Map(), formats: new Map() };
    const opened = [...'{"'].map((character) => characters.indexOf(character));
    const mask = jsonConstraint(constrainer, [0]).allow(opened);
    expect(allowed(mask).length).toBe(200_000 + characters.length);
  });
});

describe("a vocabulary of 49,000 tokens", () => {
  it("costs less than a millisecond a step, and keeps to the schema", async () => {
    const tokenizer = await loadTokenizer(builtinModelPath());
    const constrainer = createConstrainer(tokenizer);
    const ends = [...tokenizer.eosTokenIds];
    const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8").replaceAll(
      "\t",
      "  ",
    );
    const ids = Array.from(await tokenizer.encode(JSON.stringify(JSON.parse(text), null, 2)));
    expect(accepts(jsonConstraint(constrainer, ends), tokenizer, ids)).toBe(true);
    // Another document, so that only what formats share is known by then.
    const constraint = schemaConstraint(constrainer, { additionalProperties: {} }, ends);
    const times = ids.map((_, length) => {
      const start = performance.now();
      constraint.allow(ids.slice(0, length));
      return performance.now() - start;
    });
    expect(times.reduce((sum, time) => sum + time, 0) / times.length).toBeLessThan(1);
    const random = randomNumbers(5);
    const closing = closers(tokenizer);
    for (let run = 0; run < 20; run++) {
      const own = schemaConstraint(constrainer, person, ends);
      const answer = randomAnswer(own, tokenizer, random, closing);
      if (answer !== undefined) checkPerson(JSON.parse(answer) as Record<string, unknown>);
    }
  });
});
