/**
 * Decompresses one frame of LZ4, as Arrow's buffers have them.
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md
 */

const frameMagic = 0x184d2204;

/** @throws Error saying what is broken */
export function unlz4(bytes: Uint8Array): Uint8Array {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    return readFrame(input);
  } catch (cause) {
    if (cause instanceof RangeError) throw new Error("LZ4 data end too early", { cause });
    throw cause;
  }
}

function readFrame(input: Buffer): Uint8Array {
  const flags = input.readUInt8(4);
  if (input.readUInt32LE(0) !== frameMagic || flags >> 6 !== 1) throw new Error("no frame of LZ4");
  if (flags & 1) throw new Error("LZ4 data need a dictionary");
  const blockChecksumBytes = flags & 0x10 ? 4 : 0;
  const output = growingBytes();
  // Behind magic, flags, block size, perhaps the content's size, and the header's checksum.
  let at = flags & 8 ? 15 : 7;
  for (;;) {
    const head = input.readUInt32LE(at);
    at += 4;
    if (head === 0) break;
    const length = head & 0x7fffffff;
    const block = input.subarray(at, at + length);
    if (block.length < length) throw new RangeError();
    if (head >>> 31) output.append(block);
    else readBlock(block, output);
    at += length + blockChecksumBytes;
  }
  if (flags & 8 && input.readBigUInt64LE(6) !== BigInt(output.length())) {
    throw new Error("LZ4 data have another length than they state");
  }
  return output.bytes();
}

/** Sequences of literals and a copy of bytes before; the last has literals alone. */
function readBlock(block: Buffer, output: GrowingBytes): void {
  let at = 0;
  const longer = (length: number): number => {
    if (length < 15) return length;
    let sum = length;
    for (let more = 255; more === 255; at++) {
      more = block.readUInt8(at);
      sum += more;
    }
    return sum;
  };
  for (;;) {
    const token = block.readUInt8(at++);
    const literals = longer(token >> 4);
    if (at + literals > block.length) throw new RangeError();
    output.append(block.subarray(at, at + literals));
    at += literals;
    if (at === block.length) return;
    const distance = block.readUInt16LE(at);
    at += 2;
    output.repeat(distance, longer(token & 15) + 4);
  }
}

interface GrowingBytes {
  append(bytes: Uint8Array): void;
  /** Appends bytes from so far back, which may reach into those that it appends. */
  repeat(distance: number, length: number): void;
  length(): number;
  bytes(): Uint8Array;
}

function growingBytes(): GrowingBytes {
  let buffer = new Uint8Array(64 << 10);
  let length = 0;
  const makeRoom = (count: number) => {
    if (length + count <= buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * buffer.length, length + count));
    larger.set(buffer.subarray(0, length));
    buffer = larger;
  };
  return {
    append(bytes) {
      makeRoom(bytes.length);
      buffer.set(bytes, length);
      length += bytes.length;
    },
    repeat(distance, count) {
      if (distance === 0 || distance > length) throw new Error("LZ4 data are damaged");
      makeRoom(count);
      if (distance >= count)
        buffer.copyWithin(length, length - distance, length - distance + count);
      else for (let at = length; at < length + count; at++) buffer[at] = buffer[at - distance]!;
      length += count;
    },
    length: () => length,
    bytes: () => buffer.slice(0, length),
  };
}
