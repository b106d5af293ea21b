/** For tests of row files: reading all of one, what opening one throws, tables by DuckDB, zstd frames. */
import { DuckDBInstance } from "@duckdb/node-api";
import { openRowFile, type RowFileOptions } from "./rowFile.js";

/** All rows with their lines, read from the last to the first. */
export async function readAll(path: string, options: RowFileOptions = {}) {
  const file = await openRowFile(path, options);
  try {
    const rows: { line: number; value: unknown }[] = [];
    for (let row = file.rows - 1; row >= 0; row--) {
      rows.unshift({ line: file.line(row), value: await file.read(row) });
    }
    return rows;
  } finally {
    await file.close();
  }
}

/** What opening the file throws, or reading one row of it; undefined where nothing does. */
export async function refusal(path: string, options: RowFileOptions = {}, row?: number) {
  const attempt = async () => {
    const file = await openRowFile(path, options);
    try {
      if (row !== undefined) await file.read(row);
    } finally {
      await file.close();
    }
  };
  return attempt().then(
    () => undefined,
    (error) => ({
      name: error.name,
      what: error.message.replace(path, "FILE"),
      why: error.why,
      todo: error.todo?.replaceAll(path, "FILE"),
    }),
  );
}

/** Runs statements in a database of its own. */
export async function duckdb(...statements: string[]): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    for (const statement of statements) await connection.run(statement);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Made by the zstd tool, with checksums: two rows, and a third one. */
export const zstdFrames = [
  "KLUv/SRPfQEAVAJ7InRleHQiOiLkvaDlpb3vvIzkuJbnlYwifQpoZWxsbywgIn0KAgAqw+zaHAPyVavo",
  "KLUv/SQVqQAAeyJ0ZXh0Ijoi56ys5LiJ6KGMIn0KEKWmfQ==",
].map((text) => Buffer.from(text, "base64")) as [Buffer, Buffer];

export const zstdRows = [
  { text: "你好，世界" },
  { text: "hello, hello, hello, hello, hello, hello" },
  { text: "第三行" },
];

/** A zstd frame of blocks that are stored as they are (RFC 8878, 3.1.1.2.2). */
export function storedZstd(bytes: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3])];
  for (let at = 0; ; at += 100_000) {
    const body = bytes.subarray(at, at + 100_000);
    const isLast = at + 100_000 >= bytes.length;
    const header = Buffer.alloc(3);
    header.writeUIntLE(body.length * 8 + (isLast ? 1 : 0), 0, 3);
    parts.push(header, body);
    if (isLast) return Buffer.concat(parts);
  }
}
