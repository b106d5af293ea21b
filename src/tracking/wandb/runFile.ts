/**
 * The `.wandb` file: records one after the other in LevelDB's log format, with W&B's own header and
 * with CRC-32 as zip has it (LevelDB's is a masked CRC-32C). wandb 0.25 reads it with
 * `wandb/sdk/internal/datastore.py`, newer versions inside wandb-core.
 *
 * After a header of 7 bytes come blocks of 32 KiB, counted from the start of the file. A record is one
 * chunk, or several where it does not fit into the rest of a block: checksum (of type and data, 4
 * bytes), length (2), type (1), data. Less than 7 bytes at the end of a block are zeros.
 */
import { closeSync, fdatasyncSync, openSync } from "node:fs";
import { writeAll } from "../../util/atomicFile.js";
import { reflectedCrc32 } from "../../util/crc.js";
import { joinBytes } from "../../util/protobuf.js";

const crc32 = reflectedCrc32(0xedb88320);

/** ":W&B", the magic number 0xBEE1 (little-endian), version 0. */
const fileHeader = Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0);
const blockLength = 32_768;
const chunkHeaderLength = 7;
const chunkType = { full: 1, first: 2, middle: 3, last: 4 } as const;

/** A run file that is being written. */
export interface RunFileWriter {
  /** Hands records to the operating system, all or, where the disk is full, a part of them. */
  append(records: readonly Uint8Array[]): void;
  /** Makes what was written survive a power cut. */
  sync(): void;
  close(): void;
}

/** Makes a run file. @throws where it exists */
export function createRunFile(file: string): RunFileWriter {
  const descriptor = openSync(file, "wx");
  writeAll(descriptor, fileHeader);
  let length = fileHeader.length;
  return {
    append(records) {
      const bytes = joinBytes(
        records.map((record) => {
          const chunks = chunksOf(record, length);
          length += chunks.length;
          return chunks;
        }),
      );
      writeAll(descriptor, bytes);
    },
    sync: () => fdatasyncSync(descriptor),
    close: () => closeSync(descriptor),
  };
}

/** A record as the chunks that stand at `offset` of a file, with the zeros before them. */
function chunksOf(record: Uint8Array, offset: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let room = blockLength - (offset % blockLength);
  if (room < chunkHeaderLength) {
    parts.push(new Uint8Array(room));
    room = blockLength;
  }
  let at = 0;
  do {
    const end = Math.min(record.length, at + room - chunkHeaderLength);
    parts.push(...chunk(record.subarray(at, end), at === 0, end === record.length));
    at = end;
    room = blockLength;
  } while (at < record.length);
  return joinBytes(parts);
}

function chunk(data: Uint8Array, isFirst: boolean, isLast: boolean): Uint8Array[] {
  const header = Buffer.alloc(chunkHeaderLength);
  const whole = isLast ? chunkType.full : chunkType.first;
  const later = isLast ? chunkType.last : chunkType.middle;
  header[6] = isFirst ? whole : later;
  header.writeUInt32LE(crc32(header.subarray(6), data), 0);
  header.writeUInt16LE(data.length, 4);
  return [header, data];
}

/** A record, and where in the file it ends. */
export interface ReadRecord {
  readonly bytes: Uint8Array;
  readonly end: number;
}

/**
 * The whole records of a run file or of a part of it. What follows the last whole one, such as a
 * record that a crash has torn or that is not written out yet, is left.
 *
 * @param bytes of the file, from `start` on
 * @param start 0, or the end of a record
 */
export function scanRunFile(bytes: Uint8Array, start = 0): ReadRecord[] {
  const records: ReadRecord[] = [];
  if (start === 0 && !beginsAsRunFile(bytes)) return records;
  let at = Math.max(start, fileHeader.length);
  let parts: Uint8Array[] = [];
  for (;;) {
    const room = blockLength - (at % blockLength);
    if (room < chunkHeaderLength) at += room;
    const from = at - start;
    const header = bytes.subarray(from, from + chunkHeaderLength);
    if (header.length < chunkHeaderLength) return records;
    const view = new DataView(header.buffer, header.byteOffset, header.length);
    const to = from + chunkHeaderLength + view.getUint16(4, true);
    const data = bytes.subarray(from + chunkHeaderLength, to);
    if (to > bytes.length || crc32(header.subarray(6), data) !== view.getUint32(0, true))
      return records;
    const type = header[6];
    if (type === chunkType.full || type === chunkType.first) parts = [];
    parts.push(data);
    at = start + to;
    if (type === chunkType.full || type === chunkType.last)
      records.push({ bytes: joinBytes(parts), end: at });
  }
}

function beginsAsRunFile(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, fileHeader.length), fileHeader) === 0;
}
