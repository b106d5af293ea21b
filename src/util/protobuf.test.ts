import { expect, test } from "vitest";
import {
  booleanField,
  doubleField,
  floatField,
  integerField,
  joinBytes,
  messageField,
  textField,
} from "./protobuf.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

// The examples of https://protobuf.dev/programming-guides/encoding, and values at the edges of a byte.
test("fields are encoded as the specification's examples are", () => {
  expect(hex(integerField(1, 150))).toBe("089601");
  expect(hex(textField(2, "testing"))).toBe("120774657374696e67");
  expect(hex(messageField(3, [integerField(1, 150)]))).toBe("1a03089601");
  expect(hex(integerField(1, -2))).toBe("08feffffffffffffffff01");
});

test.each([
  [0, "00"],
  [127, "7f"],
  [128, "8001"],
  [16_383, "ff7f"],
  [2 ** 32, "8080808010"],
  [Number.MAX_SAFE_INTEGER, "ffffffffffffff0f"],
])("the integer %d", (value, encoded) => {
  expect(hex(integerField(1, value))).toBe(`08${encoded}`);
});

test("a key above 15 takes two bytes", () => {
  expect(hex(booleanField(16, true))).toBe("800101");
});

test("floating-point numbers are little-endian", () => {
  expect(hex(floatField(2, 0.5))).toBe("150000003f");
  expect(hex(doubleField(1, 1))).toBe("09000000000000f03f");
  expect(hex(floatField(2, Number.NaN))).toBe("150000c07f");
});

test("a text is counted in bytes, not in characters", () => {
  expect(hex(textField(1, "你好"))).toBe("0a06e4bda0e5a5bd");
});

test("fields follow each other, and what is no integer is refused", () => {
  expect(hex(joinBytes([integerField(1, 1), integerField(2, 2)]))).toBe("08011002");
  expect(() => integerField(1, 0.5)).toThrow(/0.5 is not an integer/);
});
