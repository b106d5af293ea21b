/**
 * Long lists of numbers in pages: in memory, or in a file of which a few pages are in memory. Each
 * page ends with a checksum.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";

const pageNumbers = 2048;
const pageBytes = pageNumbers * 8;
const numbersPerPage = pageNumbers - 1;

/** Pages of files that a thread keeps in memory, however many files it has open: 16 MiB. */
const keptPages = 1024;

const writtenAtOnce = 64;

/** Reads what {@link numberWriter} wrote. */
export interface Numbers {
  readonly length: number;
  /**
   * @param index from 0 to `length - 1`
   * @throws DamagedNumbersError when the file's page is not as it was written
   */
  at(index: number): number;
  close(): void;
}

export interface NumberWriter {
  readonly length: number;
  push(value: number): void;
  /** Ends writing. Without a file, the numbers can be read from what it returns. */
  finish(): Numbers | undefined;
  /** Ends writing where {@link finish} is not reached. */
  abandon(): void;
}

/** A page was changed by something else than this program. */
export class DamagedNumbersError extends Error {}

/**
 * Collects numbers in memory, or in a new file.
 * @param path of the file; undefined keeps all numbers in memory
 * @throws Error of the system when the file cannot be written
 */
export function numberWriter(path?: string): NumberWriter {
  const descriptor = path === undefined ? undefined : openSync(path, "wx");
  const kept: Float64Array[] = [];
  let block = newBlock();
  let length = 0;
  let inPage = 0;
  let pageStart = 0;
  const endPage = () => {
    block[pageStart + numbersPerPage] = checksum(block, pageStart);
    pageStart += pageNumbers;
    inPage = 0;
    if (pageStart === block.length) flush();
  };
  const flush = () => {
    if (descriptor === undefined) {
      for (let at = 0; at < pageStart; at += pageNumbers) {
        kept.push(block.subarray(at, at + pageNumbers));
      }
      block = newBlock();
    } else {
      writeSync(descriptor, block, 0, pageStart * 8);
      block.fill(0);
    }
    pageStart = 0;
  };
  function newBlock(): Float64Array {
    return new Float64Array((descriptor === undefined ? 1 : writtenAtOnce) * pageNumbers);
  }
  return {
    get length() {
      return length;
    },
    push(value) {
      block[pageStart + inPage] = value;
      length++;
      if (++inPage === numbersPerPage) endPage();
    },
    finish() {
      if (inPage > 0) endPage();
      if (pageStart > 0) flush();
      if (descriptor !== undefined) {
        closeSync(descriptor);
        return undefined;
      }
      return numbers(
        length,
        (page) => kept[page]!,
        () => {},
      );
    },
    abandon() {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}

/** A page of a file that is in memory. */
interface KeptPage {
  values: Float64Array;
  /** Pages of the same file, of which it is one. */
  among: Map<number, KeptPage>;
  number: number;
}

/** Pages of all files of this thread, the oldest first. */
const keptInThread = new Set<KeptPage>();

function keep(page: KeptPage): void {
  if (keptInThread.size === keptPages) drop(keptInThread.values().next().value!);
  keptInThread.add(page);
  page.among.set(page.number, page);
}

function drop(page: KeptPage): void {
  keptInThread.delete(page);
  page.among.delete(page.number);
}

/**
 * Opens a file of {@link numberWriter}. As many pages as stay in memory are read and checked at once.
 * @throws DamagedNumbersError when the file has another size, or a page is not as it was written
 */
export function openNumbers(path: string, length: number): Numbers {
  const descriptor = openSync(path, "r");
  const pages = new Map<number, KeptPage>();
  const close = () => {
    for (const page of pages.values()) drop(page);
    closeSync(descriptor);
  };
  const load = (number: number): Float64Array => {
    const values = new Float64Array(pageNumbers);
    const bytesRead = readSync(descriptor, values, 0, pageBytes, number * pageBytes);
    if (bytesRead !== pageBytes || checksum(values, 0) !== values[numbersPerPage]) {
      throw new DamagedNumbersError(`page ${number} of ${path} is damaged`);
    }
    keep({ values, among: pages, number });
    return values;
  };
  try {
    const count = Math.ceil(length / numbersPerPage);
    if (fstatSync(descriptor).size !== count * pageBytes) {
      throw new DamagedNumbersError(`${path} does not have ${count} pages`);
    }
    for (let page = 0; page < Math.min(count, keptPages); page++) load(page);
  } catch (error) {
    close();
    throw error;
  }
  return numbers(length, (page) => pages.get(page)?.values ?? load(page), close);
}

function numbers(
  length: number,
  page: (number: number) => Float64Array,
  close: () => void,
): Numbers {
  return {
    length,
    at: (index) => page(Math.floor(index / numbersPerPage))[index % numbersPerPage]!,
    close,
  };
}

/** Of the numbers of a page, a whole number below 2^32. */
function checksum(values: Float64Array, start: number): number {
  const words = new Uint32Array(values.buffer, values.byteOffset + start * 8, numbersPerPage * 2);
  let sum = 0x811c9dc5;
  for (const word of words) sum = Math.imul(sum ^ word, 0x01000193) ^ (sum >>> 15);
  return sum >>> 0;
}
