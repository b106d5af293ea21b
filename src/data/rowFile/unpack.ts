/** Decompressed and converted bytes of a file, as a stream. */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError } from "../../util/errors.js";
import { strictDecoder } from "./encoding.js";
import { tableKind } from "./fileKind.js";
import { countBreaks } from "./lineBreaks.js";

export type Packing = "gzip" | "zstd";

const chunkBytes = 1 << 20;

export interface UnpackOptions {
  /** How errors name the file. */
  file: string;
  /** How the file is compressed; undefined: not at all. */
  packing: Packing | undefined;
  /** Told the bytes of the file that were read so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * What a compressed file holds.
 * @throws DataError when its data are broken, cut, or followed by something else
 */
export async function* unpacked(
  path: string,
  { file, packing, onProgress }: UnpackOptions,
): AsyncGenerator<Buffer> {
  let position = 0;
  async function* counted() {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
      position += chunk.length;
      onProgress?.(position);
      yield chunk as Buffer;
    }
  }
  if (packing === undefined) {
    yield* counted();
    return;
  }
  try {
    if (packing === "gzip") yield* gunzipped(counted());
    else {
      const { unzstd } = await import("./unzstd.js");
      yield* unzstd(counted());
    }
  } catch (cause) {
    if (cause instanceof Error && "syscall" in cause) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${file}: the ${packing} data are damaged`, {
      why: /unexpected end/i.test(why) ? "the file ends too early" : why,
      todo: `download or create the file again; ${packing === "gzip" ? "gzip" : "zstd"} -t tests it`,
      cause,
    });
  }
}

async function* gunzipped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 256 << 10 });
  let given = 0;
  let last: Buffer = Buffer.alloc(0);
  const source = Readable.from(
    (async function* () {
      for await (const chunk of chunks) {
        given += chunk.length;
        last = chunk;
        yield chunk;
      }
    })(),
  );
  source.on("error", (error) => gunzip.destroy(error));
  for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer;
  // zlib stops at what does not begin as another member, and says nothing.
  const rest = last.subarray(Math.max(0, last.length - (given - gunzip.bytesWritten)));
  if (rest.some((byte) => byte !== 0)) throw new Error("there is other data after the gzip data");
}

/**
 * The same text in UTF-8, without a byte order mark. Parquet and Arrow stay as they are.
 * @param file how errors name it
 * @throws DataError when the bytes are not of that encoding
 */
export async function* transcoded(
  chunks: AsyncIterable<Buffer>,
  encoding: string,
  file: string,
): AsyncGenerator<Buffer> {
  const decoder = strictDecoder(encoding);
  let lines = 0;
  let isText: boolean | undefined;
  const decode = (chunk: Buffer | undefined): Buffer => {
    try {
      const text = decoder.decode(chunk, { stream: chunk !== undefined });
      lines += countBreaks(text);
      return Buffer.from(text);
    } catch (cause) {
      throw new DataError(`${file}: not valid ${encoding}, at about line ${lines + 1}`, {
        why: "it has bytes that are not valid in this encoding",
        todo: "give the right --encoding, or correct the file",
        cause,
      });
    }
  };
  for await (const chunk of chunks) {
    isText ??= tableKind(chunk) === undefined;
    if (!isText) {
      yield chunk;
      continue;
    }
    for (let at = 0; at < chunk.length; at += decodedBytes) {
      yield decode(chunk.subarray(at, at + decodedBytes));
    }
  }
  if (isText) yield decode(undefined);
}

const decodedBytes = 32 << 10;
