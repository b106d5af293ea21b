/**
 * Operators for which libtorch's library has no `meta` kernel: what they make, and what their kernels
 * allocate on the way.
 */
import type { DType } from "./dtype.js";

/** What stand-ins are made with. Tensors are handles. */
export interface Made {
  describe(tensor: number): { shape: number[]; dtype: string };
  empty(shape: readonly number[], dtype: string): number;
  /** Frees what a kernel makes only on its way. */
  release(tensor: number): void;
}

/** @param values arguments as the addon gets them */
type StandIn = (values: readonly unknown[], made: Made) => unknown;

/** In a new tensor of its own. */
function like(value: unknown, { describe, empty }: Made, dtype?: DType): number {
  const { shape, dtype: own } = describe(value as number);
  return empty(shape, dtype ?? own);
}

/** The shape that tensors of these shapes are brought to together. */
function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const dims = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: dims }, (_, i) =>
    Math.max(...shapes.map((shape) => shape[shape.length - dims + i] ?? 1)),
  );
}

/** @param along the dimension that is indexed, counted from its start */
function selected(source: unknown, along: number, index: unknown, made: Made): number {
  const { shape, dtype } = made.describe(source as number);
  const { shape: rows } = made.describe(index as number);
  return made.empty([...shape.slice(0, along), ...rows, ...shape.slice(along + 1)], dtype);
}

/** Of [n, nH, hd]: the flash kernels work on heads of a multiple of 32 and add 128 rows a sequence. */
function paddedRows([tokens = 0, heads = 0, dim = 0]: readonly number[], sequences: number) {
  const rows = tokens + 128 * sequences;
  return { sums: [heads, rows], whole: [rows, heads, Math.ceil(dim / 32) * 32] };
}

export const standIns: Readonly<Record<string, StandIn>> = {
  index_select: ([source, along, index], made) => {
    const { shape } = made.describe(source as number);
    return selected(source, ((along as number) + shape.length) % shape.length, index, made);
  },
  embedding: ([weight, ids], made) => selected(weight, 0, ids, made),
  where: (values, made) => {
    const [, one, other] = values.map((value) => made.describe(value as number));
    const shapes = values.map((value) => made.describe(value as number).shape);
    return made.empty(broadcast(shapes), one!.shape.length > 0 ? one!.dtype : other!.dtype);
  },
  isfinite: ([x], made) => {
    made.release(like(x, made)); // its absolute values
    return like(x, made, "bool");
  },
  logical_and: (values, made) =>
    made.empty(broadcast(values.map((value) => made.describe(value as number).shape)), "bool"),
  abs: ([x], made) => like(x, made),
  logical_not: ([x], made) => like(x, made, "bool"),
  bucketize: ([x, _boundaries, outInt32], made) => like(x, made, outInt32 ? "int32" : "int64"),
  "tunewright::counter_dropout": ([x], made) => like(x, made),
  "tunewright::quantize_nf4_blocks": ([values], made) => {
    const { shape } = made.describe(values as number);
    const count = shape.reduce((product, size) => product * size, 1);
    return [
      made.empty([Math.ceil(count / 2)], "uint8"),
      made.empty([Math.ceil(count / 64)], "float32"),
    ];
  },
  "tunewright::paged_attention": ([query, , , , values], made) => {
    const { shape, dtype } = made.describe(query as number);
    const [rows = 0, heads = 0] = shape;
    const [, , width = 0] = made.describe(values as number).shape;
    return made.empty([rows, heads * width], dtype);
  },
  _fused_adamw_: () => undefined,
  _fused_sgd_: () => undefined,
  _scaled_dot_product_flash_attention_for_cpu: ([query], made) => {
    const { shape } = made.describe(query as number);
    return [like(query, made), made.empty(shape.slice(0, -1), "float32")];
  },
  _scaled_dot_product_flash_attention_for_cpu_backward: ([, ...inputs], made) =>
    inputs.slice(0, 3).map((input) => like(input, made)),
  _flash_attention_forward: ([query], made) => {
    const [tokens = 0, heads = 0] = made.describe(query as number).shape;
    return [
      like(query, made),
      made.empty([heads, tokens], "float32"),
      made.empty([2], "int64"),
      made.empty([], "int64"),
      made.empty([0], "float32"),
    ];
  },
  _flash_attention_backward: ([, query, key, value, , , starts], made) => {
    const { shape } = made.describe(query as number);
    const [ends = 1] = made.describe(starts as number).shape;
    const { sums, whole } = paddedRows(shape, ends - 1);
    const passing = [made.empty(sums, "float32"), made.empty(whole, "float32")];
    const results = [query, key, value].map((input) => like(input, made));
    if (made.describe(key as number).shape[1] !== shape[1]) {
      // Gradients of shared keys and values are made for each query head, and then summed.
      passing.push(like(query, made), like(query, made));
    }
    for (const tensor of passing) made.release(tensor);
    return results;
  },
};
