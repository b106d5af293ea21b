/**
 * Reads a GGUF header value by value through a small window. Every length is compared with the
 * bytes that are left in the file before anything is allocated for it.
 */
import { isUtf8 } from "node:buffer";
import { FormatError } from "../util/errors.js";
import type { FileReader } from "../util/fileReader.js";

/** Longest string: chat templates and tokens are far below. */
export const MAX_STRING_BYTES = 4 << 20;
/** Longest header: vocabularies of 256,000 tokens take about 10 MiB. */
export const MAX_GGUF_HEADER_BYTES = 64 << 20;

const WINDOW_BYTES = 256 << 10;

export interface GgufCursor {
  /** Next byte's place in the file. */
  position(): number;
  u32(): number;
  /** A 64-bit count; huge values come back as numbers above any limit. */
  u64(): number;
  string(what: string): string;
  /** The next `bytes` bytes; valid until the next call. */
  take(bytes: number, what: string): DataView;
  /** Fills `into`. */
  fill(into: Uint8Array, what: string): void;
  /** @throws FormatError unless `count` items of at least `bytes` each can still follow */
  checkCount(count: number, bytes: number, limit: number, what: string): void;
  fail(problem: string): never;
}

export function ggufCursor(file: FileReader): GgufCursor {
  let window: Uint8Array = Buffer.alloc(Math.min(WINDOW_BYTES, Math.max(8, file.size)));
  let start = 0;
  let end = 0;
  let windowPosition = 0;
  let view = new DataView(window.buffer, window.byteOffset);

  const position = () => windowPosition + start;
  function fail(problem: string): never {
    throw new FormatError(`${file.path}: ${problem}`, {
      why: `not a valid GGUF file, at byte ${position()}`,
      todo: "the file is damaged, cut short or of another format; download it again",
    });
  }
  function checkLeft(bytes: number, what: string): void {
    if (bytes > file.size - position()) fail(`${what} reaches past the end of the file`);
    if (position() + bytes > MAX_GGUF_HEADER_BYTES) {
      fail(`${what} makes the header longer than ${MAX_GGUF_HEADER_BYTES >> 20} MiB`);
    }
  }
  /** Makes `bytes` bytes contiguous in the window and steps over them. */
  function advance(bytes: number, what: string): number {
    if (end - start < bytes) {
      checkLeft(bytes, what);
      const from = position();
      if (bytes > window.length) window = Buffer.alloc(bytes);
      view = new DataView(window.buffer, window.byteOffset);
      start = 0;
      windowPosition = from;
      end = Math.min(window.length, file.size - from);
      file.readInto(window.subarray(0, end), from);
    }
    start += bytes;
    return start - bytes;
  }
  const cursor: GgufCursor = {
    position,
    u32: () => view.getUint32(advance(4, "a number"), true),
    u64: () => {
      const at = advance(8, "a number");
      return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
    },
    string(what) {
      const length = cursor.u64();
      if (length > MAX_STRING_BYTES) {
        fail(`${what} has ${length} bytes, above the limit of ${MAX_STRING_BYTES}`);
      }
      const at = advance(length, what);
      const bytes = window.subarray(at, at + length) as Buffer;
      const text = bytes.toString("utf8");
      if (text.includes("\uFFFD") && !isUtf8(bytes)) fail(`${what} is not UTF-8`);
      return text;
    },
    take(bytes, what) {
      const at = advance(bytes, what);
      return new DataView(window.buffer, window.byteOffset + at, bytes);
    },
    fill(into, what) {
      checkLeft(into.length, what);
      const from = position();
      file.readInto(into, from);
      windowPosition = from + into.length;
      start = 0;
      end = 0;
    },
    checkCount(count, bytes, limit, what) {
      if (count > limit) fail(`${what}: count ${count} is above the limit of ${limit}`);
      checkLeft(count * bytes, what);
    },
    fail,
  };
  return cursor;
}
