/**
 * The entries of a zip archive, in their place: contents that lie in it uncompressed, as `torch.save`
 * writes them, can be read from any byte on. Sizes over 4 GiB (zip64) are understood.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { FormatError } from "./errors.js";
import { excerpt } from "./excerpt.js";
import type { FileReader } from "./fileReader.js";
import { visibleText } from "./visibleText.js";

/** Where the contents of an entry are in the file. */
export interface ZipEntry {
  position: number;
  bytes: number;
  /** How many they are in the archive. */
  packedBytes: number;
  /** 0: as they are; 8: deflated. */
  method: number;
  crc32: number;
  /** Mode of the file where the archive was made on Unix, otherwise 0. */
  mode: number;
}

export interface ZipOptions {
  /** Allow entries that are compressed, or have been measured after they were written. */
  compressed?: boolean;
  /** What else the archive could be, for messages. */
  expected?: string;
}

/** Longest list of entries: one of 100,000 takes some 7 MiB. */
const MAX_DIRECTORY_BYTES = 64 << 20;

const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR_BYTES = 20;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
/** In a field of 32 (16) bits: the value is in the zip64 record. */
const IN_ZIP64 = 0xffffffff;

type Fail = (what: string) => never;

interface ListedEntry extends Omit<ZipEntry, "position"> {
  name: string;
  /** The name's bytes, which the entry's own header repeats. */
  nameBytes: Uint8Array;
  /** Where its own header is. */
  header: number;
}

/**
 * Reads the list of entries and the header of each.
 *
 * @throws FormatError when the archive is damaged, or has entries that are encrypted, named twice,
 *   overlapping, or compressed without leave
 */
export function readZipEntries(
  file: FileReader,
  { compressed = false, expected = "a zip archive as torch.save writes it" }: ZipOptions = {},
): Map<string, ZipEntry> {
  const fail: Fail = (what) => {
    throw new FormatError(`${file.path}: ${what}`, {
      why: `not ${expected}`,
      todo: "the file is damaged, cut short or of another format; download it again",
    });
  };
  const { count, position, bytes } = findDirectory(file, fail);
  const listed = readDirectory(read(file, position, bytes), count, compressed, fail);
  listed.sort((a, b) => a.header - b.header);
  const entries = new Map<string, ZipEntry>();
  let end = 0;
  for (const one of listed) {
    const label = `entry \`${shown(one.name)}\``;
    if (one.header < end) fail(`${label} overlaps another`);
    if (entries.has(one.name)) fail(`${label} is there twice`);
    if (one.header + LOCAL_BYTES > position) fail(`${label} reaches past the list of entries`);
    const start = contentPosition(file, one, fail);
    end = start + one.packedBytes;
    if (end > position) fail(`${label} reaches past the list of entries`);
    const { bytes, packedBytes, method, crc32, mode } = one;
    entries.set(one.name, { position: start, bytes, packedBytes, method, crc32, mode });
  }
  return entries;
}

function read(file: FileReader, position: number, bytes: number): DataView {
  const into = new Uint8Array(bytes);
  file.readInto(into, position);
  return new DataView(into.buffer);
}

/** Where the list of entries is, from the record at the end of the file. */
function findDirectory(file: FileReader, fail: Fail) {
  const tailBytes = Math.min(file.size, END_BYTES + MAX_COMMENT_BYTES);
  const tail = read(file, file.size - tailBytes, tailBytes);
  let at = tailBytes - END_BYTES;
  const isEnd = () =>
    tail.getUint32(at, true) === 0x06054b50 &&
    tail.getUint16(at + 20, true) === tailBytes - at - END_BYTES;
  while (at >= 0 && !isEnd()) at--;
  if (at < 0) fail("has no list of entries at its end");
  if (tail.getUint16(at + 4, true) !== 0 || tail.getUint16(at + 6, true) !== 0) {
    fail("is one part of an archive in several");
  }
  const endPosition = file.size - tailBytes + at;
  let count = tail.getUint16(at + 10, true);
  let bytes = tail.getUint32(at + 12, true);
  let position = tail.getUint32(at + 16, true);
  let limit = endPosition;
  if (count === 0xffff || bytes === IN_ZIP64 || position === IN_ZIP64) {
    limit = findEnd64(file, endPosition, fail);
    const end64 = read(file, limit, END64_BYTES);
    if (end64.getUint32(0, true) !== 0x06064b50) fail("has no zip64 record where it should be");
    count = safe(end64, 32, fail);
    bytes = safe(end64, 40, fail);
    position = safe(end64, 48, fail);
  }
  if (position + bytes > limit) fail("has a list of entries that reaches past its end");
  if (bytes > MAX_DIRECTORY_BYTES) {
    fail(`has a list of entries longer than ${MAX_DIRECTORY_BYTES >> 20} MiB`);
  }
  if (count * CENTRAL_BYTES > bytes) fail(`has no room for its ${count} entries`);
  return { count, position, bytes };
}

function findEnd64(file: FileReader, endPosition: number, fail: Fail): number {
  const at = endPosition - LOCATOR_BYTES;
  if (at < 0) fail("has no zip64 record where it should be");
  const locator = read(file, at, LOCATOR_BYTES);
  if (locator.getUint32(0, true) !== 0x07064b50) fail("has no zip64 record where it should be");
  const position = safe(locator, 8, fail);
  if (position + END64_BYTES > at) fail("has no zip64 record where it should be");
  return position;
}

function readDirectory(
  view: DataView,
  count: number,
  compressed: boolean,
  fail: Fail,
): ListedEntry[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const entries: ListedEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > view.byteLength || view.getUint32(at, true) !== 0x02014b50) {
      fail(`has a damaged list of entries, at its entry ${i + 1} of ${count}`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + CENTRAL_BYTES + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > view.byteLength) fail("has a damaged list of entries");
    const nameBytes = new Uint8Array(view.buffer, at + CENTRAL_BYTES, nameLength);
    let name = "";
    try {
      name = decoder.decode(nameBytes);
    } catch {
      fail(`entry ${i + 1} of ${count} has a name that is not UTF-8`);
    }
    const label = `entry \`${shown(name)}\``;
    if (view.getUint16(at + 8, true) & 1) fail(`${label} is encrypted`);
    const method = view.getUint16(at + 10, true);
    if (method !== 0 && !compressed) fail(`${label} is compressed (method ${method})`);
    const extra = new DataView(view.buffer, at + CENTRAL_BYTES + nameLength, extraLength);
    const [bytes, packedBytes, header] = sizes64(
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      extra,
      fail,
    ) as [number, number, number];
    if (method === 0 && bytes !== packedBytes) {
      fail(`${label} has two sizes, ${bytes} and ${packedBytes} bytes`);
    }
    const madeOnUnix = view.getUint8(at + 5) === 3;
    entries.push({
      name,
      nameBytes,
      bytes,
      packedBytes,
      method,
      crc32: view.getUint32(at + 16, true),
      mode: madeOnUnix ? view.getUint16(at + 40, true) : 0,
      header,
    });
    at = next;
  }
  return entries;
}

/** The values, with those that did not fit into 32 bits from the extra field. */
function sizes64(values: readonly number[], extra: DataView, fail: Fail): number[] {
  if (!values.includes(IN_ZIP64)) return [...values];
  let at = 0;
  while (at + 4 <= extra.byteLength) {
    const id = extra.getUint16(at, true);
    const end = at + 4 + extra.getUint16(at + 2, true);
    if (end > extra.byteLength) break;
    if (id !== 1) {
      at = end;
      continue;
    }
    let from = at + 4;
    return values.map((value) => {
      if (value !== IN_ZIP64) return value;
      if (from + 8 > end) fail("has an entry with a zip64 record that is too short");
      from += 8;
      return safe(extra, from - 8, fail);
    });
  }
  return fail("has an entry without the zip64 record that it needs");
}

/** First byte of an entry's contents, from its own header, which has to agree with the list. */
function contentPosition(file: FileReader, entry: ListedEntry, fail: Fail): number {
  const { header, nameBytes, name, method } = entry;
  const local = read(file, header, LOCAL_BYTES);
  const nameLength = local.getUint16(26, true);
  const agrees =
    local.getUint32(0, true) === 0x04034b50 &&
    local.getUint16(8, true) === method &&
    nameLength === nameBytes.length;
  if (!agrees) fail(`entry \`${shown(name)}\` is not where the list of entries says`);
  const ownName = new Uint8Array(nameLength);
  file.readInto(ownName, header + LOCAL_BYTES);
  if (Buffer.compare(ownName, nameBytes) !== 0) {
    fail(`entry \`${shown(name)}\` is not where the list of entries says`);
  }
  return header + LOCAL_BYTES + nameLength + local.getUint16(28, true);
}

function safe(view: DataView, at: number, fail: Fail): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) fail(`has a size of ${value} bytes`);
  return Number(value);
}

function shown(name: string): string {
  return visibleText(excerpt(name, 0, 100));
}
