/** Bytes of something that can only be read from its beginning to its end. */
import { createReadStream, fstatSync, open, stat } from "node:fs";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { Socket } from "node:net";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import { openUrl } from "../../hub/index.js";
import { DataError, TunewrightError } from "../../util/errors.js";
import { compressionOf } from "../rowFile/fileKind.js";
import { type FileState, fileGuard, fileStateOf } from "../rowFile/index.js";

const isUrl = (name: string) => /^https?:\/\//.test(name);
const isStandardInput = (name: string) => name === "-" || name === "/dev/stdin";

/** Whether a second reading begins at the beginning again: of a file and a URL, not of a pipe. */
export async function canReopen(name: string): Promise<boolean> {
  if (isUrl(name)) return true;
  if (isStandardInput(name)) return false;
  try {
    return (await promisify(stat)(name)).isFile();
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

/**
 * Chunks of a file, a named pipe, standard input (`-` or `/dev/stdin`) or a URL, unpacked where
 * they are gzip or zstd. Reads no faster than it is taken from.
 *
 * @param state what a file was; it is read as far as it went then
 * @throws DataError when it cannot be read; ChangedDataError where a file has another content than then
 */
export async function* streamBytes(name: string, state?: FileState): AsyncGenerator<Buffer> {
  const chunks = (await openStream(name, state))[Symbol.asyncIterator]();
  try {
    const first = await firstBytes(chunks);
    const whole = async function* (): AsyncGenerator<Buffer> {
      yield first;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    };
    const compression = compressionOf(first);
    if (compression === "gzip") {
      const source = Readable.from(whole());
      const gunzip = createGunzip();
      source.on("error", (error) => gunzip.destroy(error));
      for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer;
    } else if (compression === "zstd") {
      const { unzstd } = await import("../rowFile/unzstd.js");
      yield* unzstd(whole());
    } else yield* whole();
  } catch (cause) {
    throw unreadable(name, cause);
  } finally {
    // Also where the reader has had enough: a connection or a file would stay open.
    await chunks.return?.();
  }
}

/** Enough to tell how a stream is compressed; a pipe may give its bytes one by one. */
async function firstBytes(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let first: Buffer = Buffer.alloc(0);
  while (first.length < 4) {
    const next = await chunks.next();
    if (next.done) break;
    first = Buffer.concat([first, next.value]);
  }
  return first;
}

/** What each file among streams is now; others can only be read. */
export async function streamStates(names: readonly string[]): Promise<Record<string, FileState>> {
  const states: Record<string, FileState> = {};
  for (const name of names) {
    if (!isUrl(name) && (await canReopen(name))) states[name] = await fileStateOf(name);
  }
  return states;
}

async function openStream(
  name: string,
  state: FileState | undefined,
): Promise<AsyncIterable<Buffer>> {
  try {
    if (isUrl(name)) {
      const { body } = await openUrl(name);
      return body ? Readable.from(bufferOf(body)) : Readable.from([]);
    }
    if (await canReopen(name)) return fileChunks(await openFile(name, "r"), name, state);
    const fd = isStandardInput(name) ? 0 : await promisify(open)(name, "r");
    if (fstatSync(fd).isFile()) return createReadStream("", { fd, highWaterMark: chunkBytes });
    // A blocked read would hold the process open; a socket waits for the pipe without a thread.
    return new Socket({ fd, readable: true, writable: false });
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

const chunkBytes = 1 << 20;

async function* fileChunks(
  handle: FileHandle,
  name: string,
  state: FileState | undefined,
): AsyncGenerator<Buffer> {
  const guard = state && fileGuard(name, handle, state);
  try {
    for (let at = 0; ; ) {
      const wanted = Math.min(chunkBytes, (state?.bytes ?? Number.POSITIVE_INFINITY) - at);
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
      await guard?.();
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function* bufferOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of body) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}

function unreadable(name: string, cause: unknown): TunewrightError {
  if (cause instanceof TunewrightError) return cause;
  return new DataError(`${name}: cannot be read as a stream`, {
    why: cause instanceof Error ? cause.message : String(cause),
    todo: "check the path or URL (train_file)",
    cause,
  });
}
