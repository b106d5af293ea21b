/** Archives as publishers offer them, read where they lie: nothing is unpacked to the disk. */
import { type FileReader, openFile } from "../../util/fileReader.js";
import { checkEntry, failOf } from "./entries.js";
import { readTar } from "./tar.js";
import { readZip } from "./zip.js";

/** An archive whose entries are known and harmless. */
export interface Archive {
  readonly path: string;
  /** Paths of its files. */
  readonly files: ReadonlySet<string>;
  /** @throws FormatError where the archive does not hold what it says */
  read(path: string): Buffer;
}

const formats = { ".zip": readZip, ".tar": readTar };

/** Whether a file is called as an archive. */
export function isArchive(name: string): boolean {
  return formatOf(name) !== undefined;
}

function formatOf(name: string): (typeof formats)[keyof typeof formats] | undefined {
  const ending = /\.[a-z]+$/.exec(name.toLowerCase())?.[0] ?? "";
  return formats[ending as keyof typeof formats];
}

/**
 * Reads the list of an archive's entries.
 *
 * @throws FormatError where it is damaged, or has entries that an honest archive of data has no use for:
 *   paths that lead out of it, links and devices, files of more than 256 MiB
 */
export function openArchive(path: string): Archive {
  const fail = failOf(path);
  const list = formatOf(path) ?? fail("is no archive");
  const entries = withFile(path, (file) => list(file, fail));
  const files = new Map([...entries].filter(([name]) => !name.endsWith("/")));
  for (const [name, entry] of entries) checkEntry(name, entry, fail);
  return {
    path,
    files: new Set(files.keys()),
    read(name) {
      const entry = files.get(name) ?? fail(`has no ${name}`);
      return withFile(path, (file) => entry.read(file));
    },
  };
}

function withFile<Value>(path: string, use: (file: FileReader) => Value): Value {
  const file = openFile(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
}
