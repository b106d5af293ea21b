/** Reads the bytes of a pickle one after another, through a small window of the file. */
import { FormatError } from "../../util/errors.js";
import type { FileReader } from "../../util/fileReader.js";

const WINDOW_BYTES = 64 << 10;

/** Longest pickle: that of 50,000 tensors takes some 10 MiB. */
const MAX_PICKLE_BYTES = 64 << 20;

/** Longest text in a pickle: names of tensors are far below. */
const MAX_TEXT_BYTES = 64 << 10;

export interface PickleCursor {
  /** Next byte's place in the file. */
  position(): number;
  /** The next `bytes` bytes; valid until the next call. */
  take(bytes: number): DataView;
  /** The next `bytes` bytes as text. */
  text(bytes: number): string;
  /** Text up to a line break, which is stepped over. */
  line(): string;
  fail(problem: string): never;
}

/** @param end first byte that does not belong to the pickle */
export function pickleCursor(file: FileReader, begin: number, end: number): PickleCursor {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const window = new Uint8Array(Math.min(WINDOW_BYTES + MAX_TEXT_BYTES, end - begin));
  let windowPosition = begin;
  let start = 0;
  let filled = 0;

  const position = () => windowPosition + start;
  function fail(problem: string): never {
    throw new FormatError(`${file.path}: ${problem}`, {
      why: `not a pickle of tensors, at byte ${position()}`,
      todo: "the file is damaged, cut short or of another format; download it again",
    });
  }
  function take(bytes: number): DataView {
    if (bytes > MAX_TEXT_BYTES) fail(`a value of ${bytes} bytes is too long for a name or a size`);
    if (bytes > end - position()) fail("the pickle ends early");
    if (position() - begin > MAX_PICKLE_BYTES) {
      fail(`the pickle is longer than ${MAX_PICKLE_BYTES >> 20} MiB`);
    }
    if (filled - start < bytes) {
      windowPosition = position();
      start = 0;
      filled = Math.min(window.length, end - windowPosition);
      file.readInto(window.subarray(0, filled), windowPosition);
    }
    start += bytes;
    return new DataView(window.buffer, start - bytes, bytes);
  }
  function text(bytes: number): string {
    const { buffer, byteOffset } = take(bytes);
    try {
      return decoder.decode(new Uint8Array(buffer, byteOffset, bytes));
    } catch {
      return fail("a text is not UTF-8");
    }
  }
  function line(): string {
    const bytes: number[] = [];
    for (let byte = take(1).getUint8(0); byte !== 0x0a; byte = take(1).getUint8(0)) {
      bytes.push(byte);
      if (bytes.length > MAX_TEXT_BYTES) fail("a name is too long");
    }
    try {
      return decoder.decode(Uint8Array.from(bytes));
    } catch {
      return fail("a name is not UTF-8");
    }
  }
  return { position, take, text, line, fail };
}
