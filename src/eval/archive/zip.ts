/** Zip archives with deflated entries. */
import { inflateRawSync } from "node:zlib";
import { reflectedCrc32 } from "../../util/crc.js";
import type { FileReader } from "../../util/fileReader.js";
import { readZipEntries, type ZipEntry } from "../../util/zipEntries.js";
import { type ArchiveEntry, type Fail, shownName } from "./entries.js";

const crc32 = reflectedCrc32(0xedb88320);

/** Kinds of files in the mode that an archive made on Unix tells. */
const FILE_KIND = 0o170000;
const kinds: ReadonlyMap<number, ArchiveEntry["kind"]> = new Map([
  [0, "file"],
  [0o100000, "file"],
  [0o040000, "folder"],
  [0o120000, "link"],
]);

export function readZip(file: FileReader, fail: Fail): Map<string, ArchiveEntry> {
  const entries = readZipEntries(file, {
    compressed: true,
    expected: "an archive of data as publishers of benchmarks make them",
  });
  return new Map(
    [...entries].map(([name, entry]) => [
      name,
      {
        bytes: entry.bytes,
        kind: kinds.get(entry.mode & FILE_KIND) ?? "device",
        read: (from) => contents(from, name, entry, fail),
      },
    ]),
  );
}

function contents(file: FileReader, name: string, entry: ZipEntry, fail: Fail): Buffer {
  const label = `entry \`${shownName(name)}\``;
  const packed = Buffer.alloc(entry.packedBytes);
  file.readInto(packed, entry.position);
  const bytes = unpacked(packed, entry, (what) => fail(`${label} ${what}`));
  if (bytes.length !== entry.bytes || crc32(bytes) !== entry.crc32) {
    fail(`${label} is damaged`);
  }
  return bytes;
}

function unpacked(packed: Buffer, { method, bytes }: ZipEntry, fail: Fail): Buffer {
  if (method === 0) return packed;
  if (method !== 8) fail(`is packed in a way that is not known (method ${method})`);
  try {
    // One byte more than it should have, since zero means without a limit.
    return inflateRawSync(packed, { maxOutputLength: bytes + 1 });
  } catch {
    return fail("is damaged, or holds more than it claims");
  }
}
