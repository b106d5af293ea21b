/**
 * Python's pickle machine without Python: it makes lists, dictionaries, numbers and texts, and leaves
 * everything else to its {@link PickleHost}. It can call nothing and knows no classes.
 * Operations: https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
import type { PickleCursor } from "./cursor.js";
import type { PickleMap, PickleValue } from "./values.js";

/** What a pickle may refer to. */
export interface PickleHost {
  /** What a name stands for. @throws FormatError for names that are not understood */
  global(module: string, name: string): PickleValue;
  /** What a function makes of its arguments. */
  call(target: PickleValue | undefined, args: readonly PickleValue[]): PickleValue;
  /** Gives an object its attributes. */
  build(target: PickleValue | undefined, state: PickleValue | undefined): void;
  /** What is kept outside the pickle. */
  persistent(id: PickleValue | undefined): PickleValue;
}

/** Some 40 operations make a tensor, so that this is enough for 50,000 of them in one file. */
const MAX_OPERATIONS = 2_000_000;

interface Machine {
  cursor: PickleCursor;
  host: PickleHost;
  stack: PickleValue[];
  /** Heights of the stack at its marks. */
  marks: number[];
  memo: Map<number, PickleValue>;
}

/**
 * Reads one pickle, up to and with its STOP. Nothing in it is executed.
 *
 * @throws FormatError when it is damaged or too long, or has an operation that pickles of tensors
 *   do without
 */
export function readPickle(cursor: PickleCursor, host: PickleHost): PickleValue {
  const machine: Machine = { cursor, host, stack: [], marks: [], memo: new Map() };
  for (let count = 0; count < MAX_OPERATIONS; count++) {
    const code = cursor.take(1).getUint8(0);
    if (code === STOP) return pop(machine);
    const operation = operations[code];
    if (!operation) {
      const name = refused[code];
      const shown = `0x${code.toString(16).padStart(2, "0")}`;
      return cursor.fail(
        `the pickle has the operation ${name ?? shown}, which tensors do not need`,
      );
    }
    operation(machine);
  }
  return cursor.fail(`the pickle has more than ${MAX_OPERATIONS} operations`);
}

const STOP = 0x2e;

function pop({ stack, marks, cursor }: Machine): PickleValue {
  if (stack.length <= (marks.at(-1) ?? 0))
    cursor.fail("the pickle takes a value that is not there");
  return stack.pop()!;
}

function top({ stack, marks, cursor }: Machine): PickleValue {
  if (stack.length <= (marks.at(-1) ?? 0))
    cursor.fail("the pickle takes a value that is not there");
  return stack.at(-1)!;
}

function popMark({ stack, marks, cursor }: Machine): PickleValue[] {
  const height = marks.pop();
  return height === undefined
    ? cursor.fail("the pickle takes a mark that is not there")
    : stack.splice(height);
}

function append(machine: Machine, items: readonly PickleValue[]): void {
  const list = top(machine);
  if (!Array.isArray(list)) machine.cursor.fail("the pickle adds an item to what is no list");
  for (const item of items) list.push(item);
}

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  const cursor: PickleCursor = machine.cursor;
  const map = top(machine);
  if (!(map instanceof Map)) cursor.fail("the pickle sets a key of what is no dictionary");
  if (items.length % 2 !== 0) cursor.fail("the pickle sets a key without a value");
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i];
    if (typeof key !== "string" && typeof key !== "number") {
      cursor.fail("the pickle has a dictionary key that is neither text nor number");
    }
    if (map.has(key)) cursor.fail(`the pickle sets the key ${JSON.stringify(key)} twice`);
    map.set(key, items[i + 1]!);
  }
}

function recall({ memo, stack, cursor }: Machine, index: number): void {
  const value = memo.get(index);
  if (value === undefined) cursor.fail("the pickle recalls a value that is not there");
  stack.push(value!);
}

/** A whole number in two's complement, little-endian. */
function long(cursor: PickleCursor, bytes: number): number | bigint {
  if (bytes > 16) cursor.fail(`the pickle has a number of ${bytes} bytes`);
  const view = cursor.take(bytes);
  let value = 0n;
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(i));
  value = BigInt.asIntN(8 * bytes, value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A length of 64 bits; lengths above any limit come back as large numbers. */
function length64({ cursor }: Machine): number {
  return Number(cursor.take(8).getBigUint64(0, true));
}

type Operation = (machine: Machine) => void;

function push(value: (machine: Machine) => PickleValue): Operation {
  return (machine) => void machine.stack.push(value(machine));
}

const tupleOf = (size: number): Operation =>
  push((machine) => {
    const items: PickleValue[] = [];
    for (let i = 0; i < size; i++) items.unshift(pop(machine));
    return items;
  });

const u8 = ({ cursor }: Machine) => cursor.take(1).getUint8(0);
const u32 = ({ cursor }: Machine) => cursor.take(4).getUint32(0, true);

/** Codes, names and effects, in the order of Python's list. */
const table: readonly [code: number, effect: Operation][] = [
  [0x80, (m) => void (u8(m) > 5 && m.cursor.fail("the pickle is of a newer protocol than 5"))], // PROTO
  [0x95, (m) => void m.cursor.take(8)], // FRAME
  [0x4e, push(() => null)], // NONE
  [0x88, push(() => true)], // NEWTRUE
  [0x89, push(() => false)], // NEWFALSE
  [0x4a, push(({ cursor }) => cursor.take(4).getInt32(0, true))], // BININT
  [0x4b, push(u8)], // BININT1
  [0x4d, push(({ cursor }) => cursor.take(2).getUint16(0, true))], // BININT2
  [0x8a, push((m) => long(m.cursor, u8(m)))], // LONG1
  [0x8b, push((m) => long(m.cursor, u32(m)))], // LONG4
  [0x47, push(({ cursor }) => cursor.take(8).getFloat64(0, false))], // BINFLOAT
  [0x54, push((m) => m.cursor.text(u32(m)))], // BINSTRING
  [0x55, push((m) => m.cursor.text(u8(m)))], // SHORT_BINSTRING
  [0x58, push((m) => m.cursor.text(u32(m)))], // BINUNICODE
  [0x8c, push((m) => m.cursor.text(u8(m)))], // SHORT_BINUNICODE
  [0x8d, push((m) => m.cursor.text(length64(m)))], // BINUNICODE8
  [0x5d, push(() => [])], // EMPTY_LIST
  [0x29, push(() => [])], // EMPTY_TUPLE
  [0x7d, push(() => new Map() as PickleMap)], // EMPTY_DICT
  [0x28, ({ stack, marks }) => void marks.push(stack.length)], // MARK
  [0x74, push(popMark)], // TUPLE
  [0x6c, push(popMark)], // LIST
  [0x85, tupleOf(1)], // TUPLE1
  [0x86, tupleOf(2)], // TUPLE2
  [0x87, tupleOf(3)], // TUPLE3
  [0x64, buildDict], // DICT
  [0x61, (m) => append(m, [pop(m)])], // APPEND
  [0x65, (m) => append(m, popMark(m))], // APPENDS
  [0x73, setItem], // SETITEM
  [0x75, (m) => setItems(m, popMark(m))], // SETITEMS
  [0x30, (m) => void pop(m)], // POP
  [0x31, (m) => void popMark(m)], // POP_MARK
  [0x32, push(top)], // DUP
  [0x71, (m) => void m.memo.set(u8(m), top(m))], // BINPUT
  [0x72, (m) => void m.memo.set(u32(m), top(m))], // LONG_BINPUT
  [0x94, (m) => void m.memo.set(m.memo.size, top(m))], // MEMOIZE
  [0x68, (m) => recall(m, u8(m))], // BINGET
  [0x6a, (m) => recall(m, u32(m))], // LONG_BINGET
  [0x63, push(({ cursor, host }) => host.global(cursor.line(), cursor.line()))], // GLOBAL
  [0x93, push(stackGlobal)], // STACK_GLOBAL
  [0x69, push(({ cursor, host }) => host.global(cursor.line(), cursor.line()))], // INST
  [0x52, reduce], // REDUCE
  [0x62, build], // BUILD
  [0x51, push((m) => m.host.persistent(pop(m)))], // BINPERSID
];

const operations: readonly (Operation | undefined)[] = Array.from(
  { length: 256 },
  (_, code) => table.find(([own]) => own === code)?.[1],
);

/** Operations that are named when they are refused. */
const refused: Readonly<Record<number, string>> = {
  111: "OBJ",
  129: "NEWOBJ",
  146: "NEWOBJ_EX",
  130: "EXT1",
  131: "EXT2",
  132: "EXT4",
  80: "PERSID",
  66: "BINBYTES",
  67: "SHORT_BINBYTES",
  142: "BINBYTES8",
  150: "BYTEARRAY8",
  151: "NEXT_BUFFER",
  143: "EMPTY_SET",
  145: "FROZENSET",
};

function buildDict(machine: Machine): void {
  const items = popMark(machine);
  machine.stack.push(new Map());
  setItems(machine, items);
}

function setItem(machine: Machine): void {
  const value = pop(machine);
  setItems(machine, [pop(machine), value]);
}

function stackGlobal(machine: Machine): PickleValue {
  const name = pop(machine);
  const module = pop(machine);
  if (typeof name !== "string" || typeof module !== "string") {
    return machine.cursor.fail("the pickle refers to something without a name");
  }
  return machine.host.global(module, name);
}

function reduce(machine: Machine): void {
  const args = pop(machine);
  if (!Array.isArray(args)) machine.cursor.fail("the pickle calls something without arguments");
  machine.stack.push(machine.host.call(pop(machine), args));
}

function build(machine: Machine): void {
  const state = pop(machine);
  machine.host.build(top(machine), state);
}
