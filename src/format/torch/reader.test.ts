/** Hostile and broken files of torch.save: each is refused with a FormatError, quickly and in little memory. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../util/errors.js";
import { memoryFile } from "../testFiles.js";
import { readTorchFile } from "./reader.js";
import {
  dictionaryOf,
  numberValue,
  pickle,
  type TestEntry,
  type TestTensorPickle,
  tensorValue,
  textValue,
  torchFile,
  tuple,
  zipArchive,
} from "./testFiles.js";

const open = (bytes: Uint8Array, size?: number) => readTorchFile(memoryFile(bytes, size));

function refusal(bytes: Uint8Array, size?: number): FormatError {
  try {
    open(bytes, size);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return error as FormatError;
  }
  return expect.unreachable("was not refused");
}

const good = dictionaryOf("w", tensorValue());

it("reads the file that the others are made from", () => {
  const weights = open(torchFile(good));
  expect(weights.names()).toEqual(["w"]);
  expect(weights.info("w")).toEqual({ shape: [2, 3], dtype: "F32", storedType: "F32" });
  expect([...weights.chunks("w")].map(({ count }) => count)).toEqual([6]);
  expect(() => weights.info("v")).toThrow("has no tensor `v`");
});

describe("names that are not of tensors", () => {
  const argument = tuple(textValue("touch x"));
  it.each([
    ["os.system", pickle("cos\nsystem", argument, "R.")],
    ["builtins.eval", pickle("cbuiltins\neval", argument, "R.")],
    ["__builtin__.exec", pickle("c__builtin__\nexec", argument, "R.")],
    ["nt.system", pickle(0x80, 4, textValue("nt"), textValue("system"), 0x93, argument, "R.")],
    ["posix.system", pickle(0x28, textValue("touch x"), "iposix\nsystem", 0x2e)],
    ["torch.storage._load_from_bytes", pickle("ctorch.storage\n_load_from_bytes", ".")],
    ["torch.hub.load", pickle("ctorch.hub\nload", ".")],
    ["collections.OrderedDict.fromkeys", pickle("ccollections\nOrderedDict.fromkeys", ".")],
    ["a\\x1b[31m.b", pickle("ca\x1b[31m\nb", ".")],
  ])("%s", (name, pickled) => {
    for (const bytes of [pickled, dictionaryOf("w", pickled.subarray(0, -1))]) {
      const error = refusal(torchFile(bytes));
      expect(error.message).toBe(`test.bin: its pickle refers to ${name}`);
      expect(error.why).toContain("None of it was run");
    }
  });
});

describe("pickles that are no dictionary of tensors", () => {
  const big = Buffer.alloc(4);
  big.writeUInt32LE(0xfffffff0);
  it.each<[string, Buffer, string]>([
    ["NEWOBJ", pickle(0x80, 2, "ccollections\nOrderedDict", 0x29, 0x81, 0x2e), "operation NEWOBJ"],
    ["OBJ", pickle(0x28, "ccollections\nOrderedDict", 0x6f, 0x2e), "operation OBJ"],
    ["EXT1", pickle(0x82, 1, 0x2e), "operation EXT1"],
    ["PERSID", pickle("Pstorage", 0x2e), "operation PERSID"],
    ["an unknown operation", pickle(0xff), "operation 0xff"],
    ["a newer protocol", pickle(0x80, 6), "newer protocol"],
    ["nothing", pickle(), "ends early"],
    ["STOP alone", pickle(0x2e), "a value that is not there"],
    ["a mark taken twice", pickle(0x28, 0x74, 0x74), "a mark that is not there"],
    ["a value below a mark", pickle(0x4e, 0x28, 0x30), "a value that is not there"],
    ["a key without a value", pickle(0x7d, 0x28, 0x4e, 0x75), "a key without a value"],
    ["a key of a list", pickle(0x5d, textValue("a"), 0x4e, 0x73), "what is no dictionary"],
    ["an item of a dictionary", pickle(0x7d, 0x4e, 0x61), "what is no list"],
    ["a list as a key", pickle(0x7d, 0x5d, 0x4e, 0x73), "neither text nor number"],
    ["a memo that is not there", pickle(0x68, 7), "recalls a value that is not there"],
    ["a huge memo index", pickle(0x4e, 0x72, big, 0x6a, big, 0x2e), "holds no dictionary"],
    ["a huge text", pickle(0x58, big, 0x2e), "too long"],
    ["a huge number", pickle(0x8b, big, 0x2e), "a number of"],
    ["a text that is not UTF-8", pickle(0x58, 2, 0, 0, 0, 0xff, 0xfe), "not UTF-8"],
    ["a call of a number", pickle(0x4b, 1, 0x29, 0x52), "calls what is no function"],
    ["a call of a storage type", pickle("ctorch\nFloatStorage", 0x29, 0x52), "no function"],
    ["attributes of a number", pickle(0x4b, 1, 0x7d, 0x62), "gives attributes"],
    ["other attributes", pickle(0x7d, 0x7d, textValue("x"), 0x4e, 0x73, 0x62), "gives attributes"],
    ["a persistent number", pickle(0x4b, 1, 0x51), "has no name"],
    ["bytes after the end", Buffer.concat([good, good]), "goes on after its end"],
    [
      "the same name twice",
      dictionaryOf(
        "w",
        Buffer.concat([tensorValue(), pickle(0x73, textValue("w")), tensorValue()]),
      ),
      '"w" twice',
    ],
    ["no module", pickle(0x4e, 0x4e, 0x93), "without a name"],
  ])("%s", (_, pickled, message) => {
    expect(refusal(torchFile(pickled)).message).toContain(message);
  });

  it("lists a million deep", () => {
    const deep = Buffer.concat([
      Buffer.alloc(1e6, 0x28),
      Buffer.alloc(1e6 - 1, 0x74),
      pickle(0x2e),
    ]);
    expect(refusal(torchFile(deep)).message).toContain("holds no dictionary");
  });

  it("a list in itself, and lists that double fifty times", () => {
    expect(refusal(torchFile(pickle(0x5d, 0x32, 0x61, 0x2e))).message).toContain("no dictionary");
    const doubling = Array.from({ length: 50 }, () => pickle(0x32, 0x86));
    const bomb = dictionaryOf("w", Buffer.concat([pickle(0x29), ...doubling]));
    expect(refusal(torchFile(bomb)).message).toContain('"w" is no tensor');
  });

  it("millions of operations", () => {
    const before = process.resourceUsage().maxRSS;
    const many = Buffer.alloc(3e6, 0x7d);
    expect(refusal(torchFile(many)).message).toContain("more than 2000000 operations");
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(1 << 20);
  });
});

describe("tensors that do not fit", () => {
  it.each<[string, TestTensorPickle, string]>([
    ["past the storage", { offset: 1 }, "reaches past the 6 values"],
    ["strides past the storage", { strides: [4, 1] }, "reaches past the 6 values"],
    ["a negative offset", { offset: -1 }, "malformed tensor"],
    ["a negative stride", { strides: [-3, 1] }, "malformed tensor"],
    ["a negative size", { shape: [-2, 3] }, "malformed tensor"],
    ["strides of another number", { strides: [1] }, "malformed tensor"],
    ["too many dimensions", { shape: Array(65).fill(1), strides: Array(65).fill(1) }, "malformed"],
    ["a size that overflows", { shape: [2 ** 52, 2 ** 52], strides: [0, 0] }, "tensor of shape"],
    ["sizes that vanish", { shape: [0, 2 ** 52, 2 ** 52], strides: [0, 0, 0] }, ""],
    ["a storage that is missing", { storage: "1" }, "storage data/1 is missing"],
    ["a storage elsewhere", { storage: "../data.pkl" }, "storage data/../data.pkl is missing"],
    ["too few bytes", { count: 7 }, "has 24 bytes, but its tensors need 28"],
    ["too many bytes", { type: "HalfStorage" }, "has 24 bytes, but its tensors need 12"],
    ["a negative storage", { count: -6 }, "no storage"],
    ["a function as a type", { type: "load" }, "refers to torch.load"],
  ])("%s", (_, tensor, message) => {
    const bytes = torchFile(dictionaryOf("w", tensorValue(tensor)));
    if (message === "") expect(open(bytes).info("w").shape).toEqual(tensor.shape);
    else expect(refusal(bytes).message).toContain(message);
  });

  it("a storage as the whole file, and one of the wrong form", () => {
    const id = [textValue("storage"), textValue("x"), textValue("0"), textValue("cpu")];
    const pickled = pickle(tuple(...id, numberValue(1)), 0x51, 0x2e);
    expect(refusal(torchFile(pickled)).message).toContain("no storage");
  });
});

describe("archives", () => {
  const data = { name: "a/data/0", data: Buffer.alloc(24) };
  const main = { name: "a/data.pkl", data: good };
  it.each<[string, TestEntry[], string]>([
    ["a compressed entry", [main, { ...data, listed: { method: 8 } }], "is compressed"],
    ["an encrypted entry", [main, { ...data, listed: { flags: 1 } }], "is encrypted"],
    ["entries over each other", [main, { ...data, listed: { header: 0 } }], "overlaps another"],
    [
      "an entry over the next",
      [{ ...main, listed: { bytes: good.length + 40 } }, data],
      "overlaps",
    ],
    ["an entry past the list", [main, { ...data, listed: { bytes: 5000 } }], "reaches past"],
    ["an entry far away", [main, { ...data, listed: { header: 1e9 } }], "reaches past"],
    ["an entry elsewhere", [main, { ...data, listed: { header: 250 } }], "is not where"],
    ["an entry of two names", [main, { ...data, listed: { name: "a/data/1" } }], "is not where"],
    ["a name twice", [main, main, data], "is there twice"],
    ["two folders", [main, { ...main, name: "b/data.pkl" }, data], "is no file of torch.save"],
    ["another zip", [{ name: "word/document.xml", data: good }], "is no file of torch.save"],
    ["TorchScript", [main, data, { name: "a/constants.pkl", data: good }], "TorchScript"],
    ["big-endian", [main, data, { name: "a/byteorder", data: Buffer.from("big") }], "big-endian"],
  ])("%s", (_, entries, message) => {
    expect(refusal(zipArchive(entries)).message).toContain(message);
  });

  it("a count of entries that is not true", () => {
    expect(refusal(zipArchive([main, data], 60000)).message).toContain("no room for its 60000");
    expect(refusal(zipArchive([main, data], 1)).message).toContain("storage data/0 is missing");
  });

  it("shorter files", () => {
    for (const whole of [torchFile(good), legacy]) {
      for (let size = 0; size < whole.length; size += 1 + (size >> 7))
        refusal(whole.subarray(0, size));
    }
  });

  it("files of other kinds", () => {
    expect(refusal(Buffer.from("version https://git-lfs.github.com/spec/v1\n")).todo).toContain(
      "lfs",
    );
    expect(refusal(Buffer.from("GGUF of some kind")).message).toContain("no file of torch.save");
    expect(refusal(Buffer.from("PK")).message).toContain("no list of entries");
    expect(refusal(Buffer.alloc(0)).message).toContain("no file of torch.save");
  });

  it("an end that says that a terabyte lies before it", () => {
    expect(refusal(torchFile(good), 2 ** 40).message).toContain("no list of entries");
  });
});

const legacy = readFileSync(
  fileURLToPath(new URL("../../../test/parity/fixtures/torch/legacy.bin", import.meta.url)),
);

describe("the older form", () => {
  it("a storage of another size, or bytes that belong to none", () => {
    expect(refusal(Buffer.concat([legacy, Buffer.alloc(1)])).message).toContain(
      "1 bytes at the end",
    );
    const other = Buffer.from(legacy);
    // The last storage is that of three whole numbers, each of eight bytes.
    const at = other.lastIndexOf(Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]));
    other[at] = 4;
    expect(refusal(other).message).toMatch(/storage has|reaches past|bytes at the end/);
  });
});
