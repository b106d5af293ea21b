/**
 * The messages of Arrow's stream format, which its file format holds too, one after another up to a
 * mark of their end: what apache-arrow's readers take for a shorter file is found here.
 * https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
import type { FileHandle } from "node:fs/promises";
import { Message } from "apache-arrow";

/** What the file format begins and ends with. */
const magic = "ARROW1";

/** Where the messages of the file format begin. */
const fileStart = 8;

/** Bytes that parts of a file may be filled up to a multiple of. */
const alignment = 64;

/** Before the length of a message; before a length of 0 it is the mark of the end. */
const continuation = -1;

/**
 * The rows that the record batches of a file say they have.
 * @throws Error saying what is broken, or is not read
 */
export async function statedRows(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const read: Read = async (from, length) => {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, from);
    if (bytesRead < length) throw new Error(cutOff);
    return buffer;
  };
  const isFile = (await read(0, magic.length)).toString("latin1") === magic;
  if (isFile && (await read(size - magic.length, magic.length)).toString("latin1") !== magic) {
    throw new Error(cutOff);
  }
  let rows = 0;
  let at = isFile ? fileStart : 0;
  for (;;) {
    const start = await read(at, 8);
    const length = start.readInt32LE(4);
    if (start.readInt32LE(0) !== continuation || length < 0) {
      throw new Error(
        isFile && at === fileStart
          ? "its messages are not those of a stream, as in what Polars' write_ipc writes: write_ipc_stream and write_parquet write what is read"
          : `there is no message of Arrow at byte ${at}`,
      );
    }
    at += 8;
    if (length === 0) break;
    if (at + length > size) throw new Error(cutOff);
    const message = Message.decode(await read(at, length));
    if (message.isRecordBatch()) rows += Number(message.header().length);
    const bodyBytes = Number(message.bodyLength);
    if (bodyBytes < 0) throw new Error(`the message at byte ${at} has no length`);
    at += length + bodyBytes;
  }
  const endBytes = isFile ? await footerBytes(read, size) : 0;
  if (size - at - endBytes >= (isFile ? alignment : 1)) {
    throw new Error("there is other data after the end of its rows");
  }
  return rows;
}

/** What the file format has behind its messages: where they lie, the length of that, and the magic. */
async function footerBytes(read: Read, size: number): Promise<number> {
  const endBytes = 4 + magic.length;
  return (await read(size - endBytes, endBytes)).readInt32LE(0) + endBytes;
}

type Read = (from: number, length: number) => Promise<Buffer>;

const cutOff = "it ends before the mark of its end: it was cut off";
