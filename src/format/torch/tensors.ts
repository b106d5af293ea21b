/**
 * What pickles of tensors refer to: storages, the functions that make tensors of them, and ordered
 * dictionaries. Everything else is refused by its name.
 */
import { FormatError } from "../../util/errors.js";
import { excerpt } from "../../util/excerpt.js";
import { visibleText } from "../../util/visibleText.js";
import { elementCount, WEIGHT_DTYPE_BYTES, type WeightDType } from "../weights.js";
import type { PickleHost } from "./pickle.js";
import {
  isKind,
  type PickleMap,
  type PickleValue,
  type Storage,
  type StoredTensor,
} from "./values.js";

const storageTypes: Readonly<Record<string, WeightDType>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

const ORDERED_DICT = "collections.OrderedDict";
const TENSOR = "torch._utils._rebuild_tensor_v2";
const PARAMETER = "torch._utils._rebuild_parameter";
const known = new Set([ORDERED_DICT, TENSOR, PARAMETER, ...Object.keys(storageTypes)]);

const MAX_DIMENSIONS = 64;

/** A host that makes descriptions of tensors and dictionaries of them. @param path for messages */
export function tensorHost(path: string): PickleHost {
  const fail = (what: string): never => {
    throw new FormatError(`${path}: ${what}`, {
      why: "not a file of tensors as torch.save writes it",
      todo: "the file is damaged or of another kind; download it again",
    });
  };
  return {
    global(module, name) {
      const full = `${module}.${name}`;
      if (known.has(full)) return { kind: "global", name: full };
      throw new FormatError(`${path}: its pickle refers to ${shown(full)}`, {
        why: "only tensors are read: other objects of a pickle can run code. None of it was run",
        todo: "if you trust the file, save its tensors alone in Python: AutoModelForCausalLM.from_pretrained(dir).save_pretrained(out)",
      });
    },
    call(target, args) {
      const name = isKind(target, "global") ? target.name : undefined;
      if (name === ORDERED_DICT) return orderedDict(args, fail);
      if (name === TENSOR) return rebuildTensor(args, fail);
      if (name === PARAMETER) {
        const [data, , hooks] = args;
        const isPlain = args.length === 3 && isKind(data, "tensor") && isEmpty(hooks);
        return isPlain ? data : fail("the pickle has a parameter that is no plain tensor");
      }
      return fail("the pickle calls what is no function");
    },
    build(target, state) {
      // Versions of modules, which transformers reads neither.
      const isMetadata =
        target instanceof Map &&
        state instanceof Map &&
        [...state.keys()].every((key) => key === "_metadata");
      if (!isMetadata) fail("the pickle gives attributes to something that has none");
    },
    persistent: (id) => storage(id, fail),
  };
}

type Fail = (what: string) => never;

function orderedDict(args: readonly PickleValue[], fail: Fail): PickleMap {
  const [items] = args;
  if (args.length === 0) return new Map();
  if (args.length > 1 || !Array.isArray(items))
    return fail("the pickle has a malformed dictionary");
  const map: PickleMap = new Map();
  for (const item of items) {
    const [key, value] = Array.isArray(item) && item.length === 2 ? item : [];
    if (typeof key !== "string" || value === undefined || map.has(key)) {
      return fail("the pickle has a malformed dictionary");
    }
    map.set(key, value);
  }
  return map;
}

/** `("storage", type, key, device, count)`, and in the old form a view, which must be none. */
function storage(id: PickleValue | undefined, fail: Fail): Storage {
  if (!Array.isArray(id)) return fail("the pickle refers to something outside that has no name");
  const [what, type, key, , count, view = null] = id;
  const dtype = isKind(type, "global") ? storageTypes[type.name] : undefined;
  const isStorage =
    what === "storage" && dtype && typeof key === "string" && isSize(count) && id.length <= 6;
  if (!isStorage) return fail("the pickle refers to something outside that is no storage");
  if (view !== null) fail("the pickle has a view of a storage, as torch before 0.4 wrote it");
  return { kind: "storage", key, dtype, count };
}

/** `(storage, offset, shape, strides, requires_grad, hooks[, metadata])` */
function rebuildTensor(args: readonly PickleValue[], fail: Fail): StoredTensor {
  const [values, offset, shape, strides, , hooks, metadata = null] = args;
  const isTensor =
    isKind(values, "storage") &&
    isSize(offset) &&
    areSizes(shape) &&
    areSizes(strides) &&
    shape.length === strides.length &&
    isEmpty(hooks) &&
    args.length <= 7;
  if (!isTensor) return fail("the pickle has a malformed tensor");
  if (metadata !== null && !isEmpty(metadata)) {
    fail("the pickle has a conjugated or negated view, which is not supported");
  }
  if (!Number.isSafeInteger(elementCount(shape) * WEIGHT_DTYPE_BYTES[values.dtype])) {
    fail(`the pickle has a tensor of shape [${shape}]`);
  }
  const last = shape.reduce((at, size, i) => at + (size - 1) * strides[i]!, offset);
  if (elementCount(shape) > 0 && last >= values.count) {
    fail(`a tensor of shape [${shape}] reaches past the ${values.count} values of its storage`);
  }
  // What is passed around may be shared with the memo of the pickle, which can still change it.
  return { kind: "tensor", storage: values, offset, shape: [...shape], strides: [...strides] };
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function areSizes(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every(isSize);
}

function isEmpty(value: PickleValue | undefined): boolean {
  return value instanceof Map && value.size === 0;
}

function shown(name: string): string {
  return visibleText(excerpt(name, 0, 200));
}
