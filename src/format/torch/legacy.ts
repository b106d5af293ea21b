/**
 * Files of `torch.save` before version 1.6, or with `_use_new_zipfile_serialization=False`: pickles
 * of a magic number, a version, the machine, the tensors and the order of storages; then the storages,
 * each after the number of its values.
 */
import { FormatError } from "../../util/errors.js";
import type { FileReader } from "../../util/fileReader.js";
import { WEIGHT_DTYPE_BYTES } from "../weights.js";
import { pickleCursor } from "./cursor.js";
import { type PickleHost, readPickle } from "./pickle.js";
import { tensorHost } from "./tensors.js";
import { isKind, type PickleValue, type Storage } from "./values.js";

const MAGIC = 0x1950a86a20f9469cfc6cn;
/** How such a file begins: a pickle of {@link MAGIC}. */
const BEGINNING = Buffer.from("80028a0a6cfc9c46f9206aa85019", "hex");

/** Whether a file is of this form. */
export function isLegacy(file: FileReader): boolean {
  if (file.size < BEGINNING.length) return false;
  const start = new Uint8Array(BEGINNING.length);
  file.readInto(start, 0);
  return BEGINNING.equals(start);
}

/** The pickled value, and the first byte of each storage by its key. */
export function readLegacy(file: FileReader): {
  value: PickleValue;
  positions: ReadonlyMap<string, number>;
} {
  const cursor = pickleCursor(file, 0, file.size);
  const storages = new Map<string, Storage>();
  const host = noting(tensorHost(file.path), storages);
  const magic = readPickle(cursor, host);
  const version = readPickle(cursor, host);
  if (magic !== MAGIC || version !== 1001) {
    cursor.fail(`version ${String(version)} of the format is not known`);
  }
  const machine = readPickle(cursor, host);
  if (machine instanceof Map && machine.get("little_endian") === false) {
    cursor.fail("was written on a big-endian machine");
  }
  const value = readPickle(cursor, host);
  const keys = readPickle(cursor, host);
  if (!Array.isArray(keys)) return cursor.fail("the list of storages is missing");
  const positions = new Map<string, number>();
  let at = cursor.position();
  for (const key of keys) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (!storage || positions.has(storage.key)) {
      return cursor.fail("the list of storages is not that of the tensors");
    }
    const head = new Uint8Array(8);
    file.readInto(head, at);
    const count = new DataView(head.buffer).getBigUint64(0, true);
    if (count !== BigInt(storage.count)) {
      cursor.fail(`a storage has ${count} values where its tensors say ${storage.count}`);
    }
    positions.set(storage.key, at + 8);
    at += 8 + storage.count * WEIGHT_DTYPE_BYTES[storage.dtype];
    if (at > file.size) cursor.fail("a storage reaches past the end of the file");
  }
  if (at !== file.size) {
    throw new FormatError(`${file.path}: ${file.size - at} bytes at the end belong to no storage`, {
      why: "not a file of tensors as torch.save writes it",
      todo: "the file is damaged or of another kind; download it again",
    });
  }
  return { value, positions };
}

/** The same host, which notes each storage that it meets. */
function noting(host: PickleHost, storages: Map<string, Storage>): PickleHost {
  return {
    ...host,
    persistent(id) {
      const found = host.persistent(id);
      if (isKind(found, "storage")) storages.set(found.key, found);
      return found;
    },
  };
}
