/** What the scanners of all layouts have in common. */

/** Goes over the bytes of a file, chunk by chunk. */
export interface RowScanner {
  scan(bytes: Buffer): void;
  /**
   * @returns offset of the end of the rows
   * @throws DataError when the file ends too early
   */
  finish(): number;
}

/** Collects rows as a scanner finds them: byte offset and 1-based line. */
export interface RowSink {
  add(offset: number, line: number): void;
}

/** What JSON calls whitespace. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
