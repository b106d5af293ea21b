/** Pickles and the archives around them for tests, made byte by byte. */

/** Bytes of a pickle: numbers are operations, texts are names with a line break. */
export function pickle(...parts: (number | string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === "number"
        ? Buffer.from([part])
        : typeof part === "string"
          ? Buffer.from(`${part}\n`)
          : Buffer.from(part),
    ),
  );
}

/** A short text as a value. */
export function textValue(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from("X"), length, bytes]);
}

/** A whole number as a value. */
export function numberValue(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = 8;
  bytes.writeBigInt64LE(BigInt(value), 1);
  return Buffer.concat([Buffer.from([0x8a]), bytes]);
}

export function tuple(...values: Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from("("), ...values, Buffer.from("t")]);
}

export interface TestTensorPickle {
  storage?: string;
  type?: string;
  count?: number;
  offset?: number;
  shape?: number[];
  strides?: number[];
}

/** A tensor: two rows of three values, unless something else is asked for. */
export function tensorValue({
  storage = "0",
  type = "FloatStorage",
  count = 6,
  offset = 0,
  shape = [2, 3],
  strides = [3, 1],
}: TestTensorPickle = {}): Buffer {
  const where = [textValue("storage"), pickle(`ctorch\n${type}`), textValue(storage)];
  const id = tuple(...where, textValue("cpu"), numberValue(count));
  return pickle(
    "ctorch._utils\n_rebuild_tensor_v2",
    tuple(
      Buffer.concat([id, Buffer.from("Q")]),
      numberValue(offset),
      tuple(...shape.map(numberValue)),
      tuple(...strides.map(numberValue)),
      Buffer.from([0x89]),
      pickle("ccollections\nOrderedDict", Buffer.from(")R")),
    ),
    0x52,
  );
}

/** A dictionary with one entry, as a whole pickle. */
export function dictionaryOf(name: string, value: Uint8Array): Buffer {
  return pickle(0x80, 2, 0x7d, textValue(name), value, 0x73, 0x2e);
}

export interface TestEntry {
  name: string;
  data: Uint8Array;
  /** What the list of entries says, where it is not the truth. */
  listed?: { bytes?: number; header?: number; method?: number; flags?: number; name?: string };
}

/** A zip archive with the entries one after another. */
export function zipArchive(entries: readonly TestEntry[], count = entries.length): Buffer {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const { name, data, listed = {} } of entries) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(data.length, 22);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    const central = Buffer.alloc(46);
    const listedName = Buffer.from(listed.name ?? name);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(listed.flags ?? 0, 8);
    central.writeUInt16LE(listed.method ?? 0, 10);
    central.writeUInt32LE(listed.bytes ?? data.length, 20);
    central.writeUInt32LE(listed.bytes ?? data.length, 24);
    central.writeUInt16LE(listedName.length, 28);
    central.writeUInt32LE(listed.header ?? at, 42);
    parts.push(local, Buffer.from(name), Buffer.from(data));
    list.push(central, listedName);
    at += 30 + Buffer.byteLength(name) + data.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}

/** A file of torch.save with this pickle and one storage of six numbers, as `0`. */
export function torchFile(pickled: Uint8Array, storage: Uint8Array = Buffer.alloc(24, 1)): Buffer {
  return zipArchive([
    { name: "a/data.pkl", data: pickled },
    { name: "a/data/0", data: storage },
  ]);
}
