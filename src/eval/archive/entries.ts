/** What is in an archive, and what must not be. */
import { FormatError } from "../../util/errors.js";
import { excerpt } from "../../util/excerpt.js";
import type { FileReader } from "../../util/fileReader.js";
import { visibleText } from "../../util/visibleText.js";

/** A file in an archive; a name that ends in `/` is that of a folder. */
export interface ArchiveEntry {
  bytes: number;
  kind: "file" | "folder" | "link" | "device";
  read(file: FileReader): Buffer;
}

export type Fail = (what: string) => never;

/** Largest file: benchmarks have some of 10 MiB, and what claims more is made to fill memory. */
export const MAX_FILE_BYTES = 256 << 20;

export function failOf(path: string): Fail {
  return (what) => {
    throw new FormatError(`${path}: ${what}`, {
      why: "not an archive of data as publishers of benchmarks make them",
      todo: "get it anew from its publisher, or unpack it and look at what is in it",
    });
  };
}

/** @throws FormatError for an entry that unpacking could be harmed by, though nothing is unpacked here */
export function checkEntry(name: string, { bytes, kind }: ArchiveEntry, fail: Fail): void {
  const label = `entry \`${shownName(name)}\``;
  const parts = name.split("/");
  if (name.startsWith("/") || parts.includes("..") || /[\\\0]/.test(name)) {
    fail(`${label} leads out of the archive`);
  }
  if (kind === "link" || kind === "device") fail(`${label} is a ${kind}`);
  if (bytes > MAX_FILE_BYTES) {
    fail(`${label} claims ${bytes} bytes, more than ${MAX_FILE_BYTES >> 20} MiB`);
  }
}

export function shownName(name: string): string {
  return visibleText(excerpt(name, 0, 100));
}
