/**
 * Reads files of `torch.save`, such as `pytorch_model.bin`. They are pickles, programs for a machine
 * that can call anything in Python; here that machine can make descriptions of tensors and nothing
 * else, and values are read when they are asked for.
 */
import { FormatError } from "../../util/errors.js";
import { type FileReader, openFile } from "../../util/fileReader.js";
import { readZipEntries, type ZipEntry } from "../../util/zipEntries.js";
import { type BufferPool, createBufferPool } from "../bufferPool.js";
import { DEFAULT_CHUNK_ELEMENTS, WEIGHT_DTYPE_BYTES, type WeightReader } from "../weights.js";
import { type PickleCursor, pickleCursor } from "./cursor.js";
import { isLegacy, readLegacy } from "./legacy.js";
import { readPickle } from "./pickle.js";
import { tensorHost } from "./tensors.js";
import { isKind, type PickleValue, type StoredTensor } from "./values.js";
import { readView } from "./views.js";

/** An open file of tensors by name. */
export interface TorchFile extends WeightReader {
  readonly path: string;
  has(name: string): boolean;
}

/**
 * Opens a file of `torch.save` that holds a dictionary of tensors. Nothing in it is executed.
 *
 * @throws FormatError when it is damaged, or holds anything but tensors
 */
export function openTorchFile(path: string, pool: BufferPool = createBufferPool()): TorchFile {
  return readTorchFile(openFile(path), pool);
}

/** {@link openTorchFile} for an open file, which belongs to the result from now on. */
export function readTorchFile(file: FileReader, pool = createBufferPool()): TorchFile {
  const { path } = file;
  try {
    const { value, positionOf } = isLegacy(file) ? legacyContents(file) : zipContents(file);
    const tensors = tensorsOf(value, path);
    for (const tensor of tensors.values()) positionOf(tensor);
    const find = (name: string) => {
      const found = tensors.get(name);
      if (!found) throw new FormatError(`${path}: has no tensor \`${name}\``);
      return found;
    };
    return {
      path,
      names: () => [...tensors.keys()],
      has: (name) => tensors.has(name),
      info(name) {
        const { shape, storage } = find(name);
        return { shape: [...shape], dtype: storage.dtype, storedType: storage.dtype };
      },
      *chunks(name, maxElements = DEFAULT_CHUNK_ELEMENTS) {
        const tensor = find(name);
        yield* readView(file, tensor, positionOf(tensor), maxElements, pool);
      },
      close: file.close,
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

interface Contents {
  value: PickleValue;
  /** First byte of a tensor's storage. @throws FormatError where it is missing or of another size */
  positionOf(tensor: StoredTensor): number;
}

function legacyContents(file: FileReader): Contents {
  const { value, positions } = readLegacy(file);
  return {
    value,
    positionOf({ storage }) {
      const position = positions.get(storage.key);
      if (position !== undefined) return position;
      throw new FormatError(`${file.path}: storage ${storage.key} is missing`, damaged);
    },
  };
}

function zipContents(file: FileReader): Contents {
  refuseOtherFiles(file);
  const entries = readZipEntries(file);
  const folder = folderOf(entries, file.path);
  refuseBigEndian(file, entries.get(`${folder}/byteorder`));
  const { position, bytes } = entries.get(`${folder}/data.pkl`)!;
  const cursor: PickleCursor = pickleCursor(file, position, position + bytes);
  const value = readPickle(cursor, tensorHost(file.path));
  if (cursor.position() !== position + bytes) cursor.fail("data.pkl goes on after its end");
  return {
    value,
    positionOf({ storage: { key, count, dtype } }) {
      const entry = entries.get(`${folder}/data/${key}`);
      if (!entry) throw new FormatError(`${file.path}: storage data/${key} is missing`, damaged);
      const needed = count * WEIGHT_DTYPE_BYTES[dtype];
      if (entry.bytes === needed) return entry.position;
      throw new FormatError(
        `${file.path}: storage data/${key} has ${entry.bytes} bytes, but its tensors need ${needed}`,
        damaged,
      );
    },
  };
}

const damaged = { todo: "the file is damaged; download it again" };

/** @throws FormatError naming what the file is instead, where that can be told */
function refuseOtherFiles(file: FileReader): void {
  const start = Buffer.alloc(Math.min(64, file.size));
  file.readInto(start, 0);
  if (start.subarray(0, 2).toString("latin1") === "PK") return;
  if (start.toString("latin1").startsWith("version https://git-lfs")) {
    throw new FormatError(`${file.path}: is a pointer of Git LFS, not the weights themselves`, {
      todo: "run `git lfs pull` in its repository, or download the model from the hub",
    });
  }
  throw new FormatError(`${file.path}: is no file of torch.save`, {
    why: "it begins neither as a zip archive nor as torch's older form",
    todo: "the file is damaged or of another format; download it again",
  });
}

/** The folder of the archive that holds everything. */
function folderOf(entries: ReadonlyMap<string, ZipEntry>, path: string): string {
  const folders = [...entries.keys()].flatMap(
    (name) => /^([^/]+)\/data\.pkl$/.exec(name)?.[1] ?? [],
  );
  const [folder] = folders;
  if (folder === undefined || folders.length > 1) {
    throw new FormatError(`${path}: is no file of torch.save`, {
      why: "it is a zip archive without exactly one FOLDER/data.pkl",
      todo: "give the model's own files",
    });
  }
  if (entries.has(`${folder}/constants.pkl`)) {
    throw new FormatError(`${path}: is a TorchScript program, not a file of tensors`, {
      todo: "use the weights that the program was made from",
    });
  }
  return folder;
}

function refuseBigEndian(file: FileReader, entry: ZipEntry | undefined): void {
  if (!entry) return;
  const text = Buffer.alloc(Math.min(entry.bytes, 16));
  file.readInto(text, entry.position);
  if (text.toString("latin1") === "little") return;
  throw new FormatError(`${file.path}: was written on a big-endian machine`, {
    todo: "save it again with torch.serialization.set_default_load_endianness, on this kind of machine",
  });
}

function tensorsOf(value: PickleValue, path: string): Map<string, StoredTensor> {
  const refuse = (what: string): never => {
    throw new FormatError(`${path}: ${what}`, {
      why: "only a dictionary of tensors by name is read",
      todo: "save the tensors alone in Python: torch.save(model.state_dict(), path)",
    });
  };
  if (!(value instanceof Map)) return refuse("holds no dictionary");
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of value) {
    if (typeof name !== "string") return refuse(`has the key ${name}, which is no name`);
    if (!isKind(tensor, "tensor")) {
      return refuse(`${JSON.stringify(name.slice(0, 100))} is no tensor`);
    }
    tensors.set(name, tensor);
  }
  return tensors;
}
