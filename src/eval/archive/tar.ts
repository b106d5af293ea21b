/**
 * Tar archives: POSIX (ustar, pax) and GNU's.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
import type { FileReader } from "../../util/fileReader.js";
import { type ArchiveEntry, type Fail, shownName } from "./entries.js";

const BLOCK = 512;

/** Longest record of names and sizes. */
const MAX_RECORD_BYTES = 1 << 20;

/** What the letter of an entry means; others are records about entries. */
const kinds: Readonly<Record<string, ArchiveEntry["kind"]>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "link",
  "2": "link",
  "3": "device",
  "4": "device",
  "5": "folder",
  "6": "device",
};

/** What a record says about the next entry. */
interface Told {
  path?: string;
  size?: number;
}

export function readTar(file: FileReader, fail: Fail): Map<string, ArchiveEntry> {
  const entries = new Map<string, ArchiveEntry>();
  let told: Told = {};
  for (let at = 0; at + BLOCK <= file.size; ) {
    const header = readAt(file, at, BLOCK);
    if (header.every((byte) => byte === 0)) return entries;
    checkSum(header, at, fail);
    const letter = String.fromCharCode(header[156]!);
    const size = told.size ?? numberAt(header, 124, 12, fail);
    const position = at + BLOCK;
    if (position + size > file.size) fail(`has an entry at byte ${at} that reaches past its end`);
    const kind = kinds[letter];
    if (kind === undefined) {
      told = { ...told, ...readRecord(file, letter, position, size, fail) };
    } else {
      const name = (told.path ?? nameOf(header, fail)).replace(/^\.\/+(?=.)/, "");
      const path = kind === "folder" && !name.endsWith("/") ? `${name}/` : name;
      if (entries.has(path)) fail(`entry \`${shownName(path)}\` is there twice`);
      const read = (from: FileReader) => readAt(from, position, size);
      entries.set(path, { bytes: size, kind, read });
      told = {};
    }
    at = position + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

function readAt(file: FileReader, position: number, bytes: number): Buffer {
  const into = Buffer.alloc(bytes);
  file.readInto(into, position);
  return into;
}

/** The sum of a header's bytes, with its own field as spaces. */
function checkSum(header: Buffer, at: number, fail: Fail): void {
  const sum = header.reduce((all, byte, i) => all + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (sum !== numberAt(header, 148, 8, fail))
    fail(`has no entry at byte ${at}, where one should be`);
}

/** A number in octal digits, or in GNU's base 256. */
function numberAt(header: Buffer, from: number, length: number, fail: Fail): number {
  const field = header.subarray(from, from + length);
  if (field[0] === 0x80) {
    const value = BigInt(`0x${field.subarray(1).toString("hex")}`);
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  }
  const digits = textAt(header, from, length, fail).trim();
  if (!/^[0-7]*$/.test(digits)) fail("has an entry with a damaged number");
  return Number.parseInt(digits || "0", 8);
}

function textAt(header: Buffer, from: number, length: number, fail: Fail): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return decoded(end < 0 ? field : field.subarray(0, end), fail);
}

function decoded(bytes: Buffer, fail: Fail): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("has a name that is not UTF-8");
  }
}

function nameOf(header: Buffer, fail: Fail): string {
  const name = textAt(header, 0, 100, fail);
  const isPosix = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? textAt(header, 345, 155, fail) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Names and sizes that did not fit into the header: pax records, and GNU's long names. */
function readRecord(
  file: FileReader,
  letter: string,
  position: number,
  size: number,
  fail: Fail,
): Told {
  if (size > MAX_RECORD_BYTES) fail(`has a record of ${size} bytes about an entry`);
  const bytes = readAt(file, position, size);
  if (letter === "L") return { path: textAt(bytes, 0, size, fail) };
  if (letter !== "x") return {};
  const told: Told = {};
  for (let at = 0; at < bytes.length; ) {
    const length = Number.parseInt(bytes.toString("latin1", at, at + 20), 10);
    if (!(length > 0 && at + length <= bytes.length)) fail("has a damaged record about an entry");
    const record = decoded(bytes.subarray(at, at + length - 1), fail);
    const [, key, value = ""] = /^\d+ ([^=]*)=([\s\S]*)$/.exec(record) ?? [];
    if (key === "path") told.path = value;
    if (key === "size") told.size = Number(value);
    at += length;
  }
  if (!(Number.isSafeInteger(told.size ?? 0) && (told.size ?? 0) >= 0)) {
    fail("has a damaged record about an entry");
  }
  return told;
}
