/**
 * Decompresses zstd (RFC 8878): any number of frames, each checked against the length and the
 * checksum that it states, which fzstd does not look at.
 */
import { Decompress } from "fzstd";
import { type XxHash64, xxHash64 } from "./xxHash64.js";

/** Larger windows need `zstd --long` to be made and much memory to be read; fzstd misreads them. */
const maxWindowBytes = 32 << 20;

const frameMagic = 0xfd2fb528;
const maxHeaderBytes = 18;
const blockHeaderBytes = 3;

/**
 * @throws Error saying what is broken
 */
export async function* unzstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = byteQueue(chunks);
  while (await input.has(1)) {
    if (!(await input.has(8))) throw new Error("unexpected end of data");
    const magic = input.peek(4).readUInt32LE(0);
    if (magic >>> 4 === 0x184d2a5) {
      const length = 8 + input.peek(8).readUInt32LE(4);
      for (let left = length; left > 0; ) left -= (await input.takeSome(left)).length;
    } else if (magic === frameMagic) {
      yield* frame(input);
    } else {
      throw new Error("there is other data after the zstd data");
    }
  }
}

async function* frame(input: ByteQueue): AsyncGenerator<Buffer> {
  const decoded: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => decoded.push(chunk));
  const hash = xxHash64();
  let length = 0;
  function* flush() {
    for (const chunk of decoded.splice(0)) {
      hash.update(chunk);
      length += chunk.length;
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    }
  }
  await input.has(maxHeaderBytes);
  const header = readHeader(input.peek(maxHeaderBytes));
  if (header.windowBytes > maxWindowBytes) {
    throw new Error(
      `its window of ${header.windowBytes >> 20} MiB is larger than ${maxWindowBytes >> 20} MiB ` +
        "(zstd --long): decompress it with unzstd --long=31",
    );
  }
  // Each push but the last ends within a block: fzstd never lets go of bytes that end with one.
  const start = await input.take(header.bytes + blockHeaderBytes);
  decoder.push(start);
  let block = blockAt(start);
  for (let ended = false; !ended; ) {
    const { isLast, bodyBytes } = block;
    const bytes = await input.take(bodyBytes + (isLast ? header.checksumBytes : blockHeaderBytes));
    decoder.push(bytes, isLast);
    yield* flush();
    if (!isLast) block = blockAt(bytes);
    else if (header.checksumBytes > 0) checkHash(hash, bytes.subarray(bodyBytes));
    ended = isLast;
  }
  if (header.contentBytes !== undefined && header.contentBytes !== length) {
    throw new Error(`a frame has ${length} bytes, but its header says ${header.contentBytes}`);
  }
}

/** What the block header at the end of the bytes says (RFC 8878, 3.1.1.2). */
function blockAt(bytes: Buffer): { isLast: boolean; bodyBytes: number } {
  const header = bytes.readUIntLE(bytes.length - blockHeaderBytes, blockHeaderBytes);
  const isRepeated = ((header >> 1) & 3) === 1;
  return { isLast: (header & 1) === 1, bodyBytes: isRepeated ? 1 : header >> 3 };
}

function checkHash(hash: XxHash64, stored: Buffer): void {
  if (Number(hash.digest() & 0xffffffffn) !== stored.readUInt32LE(0)) {
    throw new Error("a checksum is wrong");
  }
}

interface FrameHeader {
  bytes: number;
  windowBytes: number;
  contentBytes: number | undefined;
  checksumBytes: number;
}

/** RFC 8878, 3.1.1.1. */
function readHeader(bytes: Buffer): FrameHeader {
  const descriptor = bytes[4]!;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const sizeAt = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  const length = sizeAt + sizeBytes;
  if (bytes.length < length) throw new Error("unexpected end of data");
  if (bytes.subarray(sizeAt - dictionaryBytes, sizeAt).some((byte) => byte !== 0)) {
    throw new Error("it needs a dictionary");
  }
  const contentBytes = [
    () => undefined,
    () => bytes[sizeAt]!,
    () => bytes.readUInt16LE(sizeAt) + 256,
    () => bytes.readUInt32LE(sizeAt),
    () => Number(bytes.readBigUInt64LE(sizeAt)),
  ][sizeBytes === 8 ? 4 : sizeBytes === 4 ? 3 : sizeBytes]!();
  const base = 2 ** (10 + (bytes[5]! >> 3));
  const windowBytes = isSingleSegment ? contentBytes! : base + (base / 8) * (bytes[5]! & 7);
  return { bytes: length, windowBytes, contentBytes, checksumBytes: descriptor & 4 };
}

/** Bytes of a stream, as many at a time as a reader asks for. */
interface ByteQueue {
  /** Whether so many bytes are there yet; waits for them. */
  has(count: number): Promise<boolean>;
  /** The first bytes, as many as there are up to `count`, which stay. */
  peek(count: number): Buffer;
  /** @throws Error when the stream ends before */
  take(count: number): Promise<Buffer>;
  /** Between one and `count` bytes. */
  takeSome(count: number): Promise<Buffer>;
}

function byteQueue(chunks: AsyncIterable<Buffer>): ByteQueue {
  const iterator = chunks[Symbol.asyncIterator]();
  let bytes: Buffer = Buffer.alloc(0);
  const has = async (count: number) => {
    while (bytes.length < count) {
      const { value, done } = await iterator.next();
      if (done) return false;
      bytes = bytes.length === 0 ? value : Buffer.concat([bytes, value]);
    }
    return true;
  };
  const remove = (count: number) => {
    const taken = bytes.subarray(0, count);
    bytes = bytes.subarray(count);
    return taken;
  };
  return {
    has,
    peek: (count) => bytes.subarray(0, count),
    async take(count) {
      if (!(await has(count))) throw new Error("unexpected end of data");
      return remove(count);
    },
    async takeSome(count) {
      if (!(await has(1))) throw new Error("unexpected end of data");
      return remove(count);
    },
  };
}
