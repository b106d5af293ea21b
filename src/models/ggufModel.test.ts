import { describe, expect, it } from "vitest";
import { readMetadata } from "../format/ggufMetadata.js";
import {
  entry,
  f32,
  ggufBytes,
  memoryFile,
  type TestGguf,
  type TestTensor,
  tensor,
  text,
  tinyLlama,
  u32,
  u64,
} from "../format/testFiles.js";
import { FormatError } from "../util/errors.js";
import { readGgufModel } from "./ggufModel.js";

interface Change extends Partial<TestGguf> {
  /** Metadata to put in or replace. */
  set?: Record<string, Parameters<typeof entry>[1]>;
  remove?: string;
  /** Changes to one tensor. */
  tensor?: Partial<TestTensor> & { index: number };
  addTensor?: TestTensor;
}

function llama({ set = {}, remove, tensor: one, addTensor, ...rest }: Change = {}): Buffer {
  const { metadata, tensors, dataBytes } = tinyLlama();
  for (const [key, value] of Object.entries(set)) metadata[key] = entry(key, value);
  if (remove) delete metadata[remove];
  if (one) tensors[one.index] = { ...tensors[one.index]!, ...one };
  if (addTensor) tensors.push(addTensor);
  const parts = { metadata: Object.values(metadata), tensors: tensors.map(tensor), dataBytes };
  return ggufBytes({ ...parts, ...rest });
}

const array = (type: number, count: number | bigint, ...items: Uint8Array[]) =>
  Buffer.concat([u32(9), u32(type), u64(count), ...items]);

describe("a valid file", () => {
  it("gives Hugging Face's names, shapes and configuration", () => {
    const source = readGgufModel(memoryFile(llama()));
    expect(source.names()).toContain("model.layers.0.self_attn.q_proj.weight");
    expect(source.info("model.embed_tokens.weight")).toEqual({
      shape: [4, 32],
      dtype: "F32",
      storedType: "Q8_0",
    });
    expect(source.config).toMatchObject({
      vocab_size: 4,
      head_dim: 8,
      num_key_value_heads: 2,
      tie_word_embeddings: true,
      eos_token_id: [2],
      bos_token_id: null,
    });
  });

  it("of version 2 is read, of version 1 or big-endian refused", () => {
    expect(readGgufModel(memoryFile(llama({ version: 2 }))).config.vocab_size).toBe(4);
    expect(() => readGgufModel(memoryFile(llama({ version: 1 })))).toThrow("GGUF version 1");
    expect(() => readGgufModel(memoryFile(llama({ version: 3 << 24 })))).toThrow("big-endian");
  });

  it("gives its metadata with types, and the parts of its tokenizer", () => {
    const set = { "x.big": 2n ** 63n, "x.small": 7n, "x.bytes": array(0, 2, Buffer.from([1, 2])) };
    const { values, tokenizer, version } = readMetadata(memoryFile(llama({ set })));
    expect(version).toBe(3);
    expect(values.get("x.big")).toBe(2n ** 63n);
    expect(values.get("x.small")).toBe(7);
    expect(values.get("x.bytes")).toEqual(Uint8Array.of(1, 2));
    expect(tokenizer).toMatchObject({
      model: "llama",
      tokens: ["a", "b", "</s>", "<0x0A>"],
      scores: Float32Array.of(0, -1, 0, 0),
      tokenTypes: Int32Array.of(1, 1, 3, 6),
      eosTokenId: 2,
      bosTokenId: undefined,
      addBosToken: false,
    });
  });

  it("with a string longer than the reading window is read", () => {
    const long = "ä".repeat(300_000);
    const set = { "tokenizer.chat_template": long };
    expect(readMetadata(memoryFile(llama({ set }))).tokenizer?.chatTemplate).toBe(long);
  });

  it("with further chat templates has them by name", () => {
    const set = { "tokenizer.chat_template": "a", "tokenizer.chat_template.tool_use": "b" };
    const { tokenizer } = readMetadata(memoryFile(llama({ set })));
    expect(tokenizer).toMatchObject({
      chatTemplate: "a",
      namedTemplates: new Map([["tool_use", "b"]]),
    });
  });
});

describe("rotary scaling", () => {
  const config = (change: Change) => readGgufModel(memoryFile(llama(change))).config;
  it("is mapped for linear and yarn", () => {
    const linear = { "llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 2.5 };
    expect(config({ set: linear }).rope_scaling).toEqual({ rope_type: "linear", factor: 2.5 });
    const yarn = { ...linear, "llama.rope.scaling.type": "yarn" };
    expect(config({ set: yarn }).rope_scaling).toMatchObject({ rope_type: "yarn", factor: 2.5 });
  });

  it("is recovered from the divisors of Llama 3, and refused when they are others", () => {
    // Divisors for theta 500000, head 8, factor 8 by transformers' llama3 formula.
    const { dataBytes } = tinyLlama();
    const build = (divisors: number[]) => {
      const addTensor = { name: "rope_freqs.weight", dims: [4], offset: dataBytes };
      const set = { "llama.rope.freq_base": 500000 };
      const bytes = llama({ set, addTensor, dataBytes: dataBytes + 16 });
      Buffer.concat(divisors.map(f32)).copy(bytes, bytes.length - 16);
      return readGgufModel(memoryFile(bytes)).config.rope_scaling;
    };
    expect(build([1, 1, 7.7, 8].map((d, i) => (i === 2 ? llama3Divisor() : d)))).toEqual({
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    });
    expect(() => build([1, 2, 3, 4])).toThrow("rope_freqs.weight");
  });

  function llama3Divisor(): number {
    const wavelength = 2 * Math.PI * Math.sqrt(500000);
    const smooth = (8192 / wavelength - 1) / 3;
    return 1 / ((1 - smooth) / 8 + smooth);
  }
});

const hostile: [what: string, bytes: Uint8Array, message: string][] = [
  ["an empty file", Buffer.alloc(0), "too few"],
  ["another magic", llama({ magic: "GGML" }), "does not start with `GGUF`"],
  ["2^63 metadata entries", llama({ metadataCount: 2n ** 63n }), "above the limit"],
  ["2^63 tensors", llama({ tensorCount: 2n ** 63n }), "above the limit"],
  ["more tensors than bytes", llama({ tensorCount: 100_000 }), "past the end"],
  ["more metadata than bytes", llama({ metadataCount: 60_000 }), "past the end"],
  ["a key of 2^63 bytes", llama({ metadata: [u64(2n ** 63n)] }), "above the limit"],
  [
    "a string of 2^63 bytes",
    llama({ set: { x: Buffer.concat([u32(8), u64(2n ** 63n)]) } }),
    "limit",
  ],
  [
    "a string past the end",
    llama({ set: { x: Buffer.concat([u32(8), u64(99_999)]) } }),
    "past the end",
  ],
  [
    "a key that is not UTF-8",
    llama({ metadata: [text(Buffer.from([255, 254])), Buffer.alloc(9)] }),
    "UTF-8",
  ],
  ["an array of 2^63", llama({ set: { x: array(4, 2n ** 63n) } }), "above the limit"],
  ["an array longer than the file", llama({ set: { x: array(4, 99_999) } }), "past the end"],
  ["2^40 strings", llama({ set: { x: array(8, 2n ** 40n) } }), "above the limit"],
  [
    "an array of arrays",
    llama({ set: { x: array(9, 1, u32(4), u64(1), u32(1)) } }),
    "array of arrays",
  ],
  ["an unknown value type", llama({ set: { x: u32(99) } }), "unknown type 99"],
  ["an unknown element type", llama({ set: { x: array(99, 1) } }), "unknown type 99"],
  [
    "a boolean of 7",
    llama({ set: { x: Buffer.concat([u32(7), Buffer.from([7])]) } }),
    "neither true",
  ],
  ["a key given twice", llama({ metadata: [entry("a", 1), entry("a", 2)] }), "given twice"],
  ["alignment 0", llama({ set: { "general.alignment": 0 } }), "alignment is 0"],
  ["alignment 3", llama({ set: { "general.alignment": 3 } }), "alignment is 3"],
  ["alignment 2^31", llama({ set: { "general.alignment": 2 ** 31 } }), "alignment is 2147483648"],
  ["alignment as text", llama({ set: { "general.alignment": "32" } }), "alignment is 32"],
  [
    "an offset that is not aligned",
    llama({ tensor: { index: 1, offset: 33 } }),
    "not a multiple of 32",
  ],
  ["an offset past the end", llama({ tensor: { index: 1, offset: 2n ** 62n } }), "past the end"],
  ["tensors that overlap", llama({ tensor: { index: 2, offset: 0 } }), "overlap"],
  [
    "a tensor given twice",
    llama({ tensor: { index: 4, name: "token_embd.weight" } }),
    "given twice",
  ],
  ["5 dimensions", llama({ tensor: { index: 0, dims: [32, 1, 1, 1, 4] } }), "5 dimensions"],
  ["a dimension of 0", llama({ tensor: { index: 0, dims: [32, 0] } }), "dimension of 0"],
  [
    "dimensions that overflow",
    llama({ tensor: { index: 0, dims: [2n ** 33n, 2n ** 33n] } }),
    "overflows",
  ],
  [
    "dimensions whose bytes overflow",
    llama({ tensor: { index: 1, dims: [2n ** 52n] } }),
    "overflows",
  ],
  [
    "a row of half a block",
    llama({ tensor: { index: 0, dims: [48, 4] } }),
    "not whole Q8_0 blocks",
  ],
  ["an unknown tensor type", llama({ tensor: { index: 0, type: 77 } }), "unknown type 77"],
  [
    "a type that is not supported",
    llama({ tensor: { index: 0, type: 20 } }),
    "has the type IQ4_NL",
  ],
  ["an unknown tensor", llama({ tensor: { index: 4, name: "blk.0.ssm.weight" } }), "is unknown"],
  ["10^6 blocks", llama({ set: { "llama.block_count": 1_000_000 } }), "num_hidden_layers"],
  ["2 blocks, tensors of 1", llama({ set: { "llama.block_count": 2 } }), "block_count is 2"],
  [
    "no embedding",
    llama({ tensor: { index: 0, name: "output.weight" } }),
    "token_embd.weight` is missing",
  ],
  ["another vocabulary size", llama({ set: { "llama.vocab_size": 5 } }), "embedding has 4 rows"],
  ["another number of tokens", llama({ set: { "tokenizer.ggml.tokens": ["a"] } }), "1 tokens"],
  ["no architecture", llama({ remove: "general.architecture" }), "general.architecture"],
  [
    "another architecture",
    llama({ set: { "general.architecture": "gpt2" } }),
    "`gpt2` is not supported",
  ],
  ["no heads", llama({ set: { "llama.attention.head_count": 0 } }), "head_count"],
  ["heads as text", llama({ set: { "llama.attention.head_count": "4" } }), "head_count"],
  [
    "heads for each layer",
    llama({ set: { "llama.attention.head_count": array(4, 1, u32(4)) } }),
    "head_count",
  ],
  [
    "heads that do not divide",
    llama({ set: { "llama.attention.head_count": 7 } }),
    "num_key_value_heads",
  ],
  ["experts", llama({ set: { "llama.expert_count": 8 } }), "experts"],
  ["a missing key", llama({ remove: "llama.context_length" }), "llama.context_length` is missing"],
  ["longrope scaling", llama({ set: { "llama.rope.scaling.type": "longrope" } }), "longrope"],
  ["one part of a split model", llama({ set: { "split.count": 3 } }), "one of 3 parts"],
];
const hostileTokenizers: [what: string, bytes: Uint8Array, message: string][] = [
  ["scores of another type", llama({ set: { "tokenizer.ggml.scores": ["a"] } }), "32-bit floats"],
  ["token types of another type", llama({ set: { "tokenizer.ggml.token_type": 3 } }), "integers"],
  [
    "fewer scores than tokens",
    llama({ set: { "tokenizer.ggml.scores": array(6, 1, f32(0)) } }),
    "1 entries",
  ],
  [
    "the byte token <0x-1>",
    llama({ set: { "tokenizer.ggml.tokens": ["a", "b", "c", "<0x-1>"] } }),
    "<0x-1>",
  ],
  [
    "an end token beyond the vocabulary",
    llama({ set: { "tokenizer.ggml.eos_token_id": 4 } }),
    "beyond",
  ],
  ["a template that is a number", llama({ set: { "tokenizer.chat_template": 3 } }), "a string"],
  [
    "a template named like a path",
    llama({ set: { "tokenizer.chat_template.../x": "a" } }),
    "is not a chat template",
  ],
  ["no tokenizer model", llama({ remove: "tokenizer.ggml.model" }), "is missing"],
];

describe("a hostile file is refused with its reason", () => {
  it.each(hostile)("%s", (_, bytes, message) => {
    expect(() => readGgufModel(memoryFile(bytes))).toThrow(FormatError);
    expect(() => readGgufModel(memoryFile(bytes))).toThrow(message);
  });
  it.each(hostileTokenizers)("%s", (_, bytes, message) => {
    expect(() => readMetadata(memoryFile(bytes))).toThrow(FormatError);
    expect(() => readMetadata(memoryFile(bytes))).toThrow(message);
  });
  it("a huge sparse file whose counts would fit into it", () => {
    const bytes = ggufBytes({
      metadata: [entry("x", array(8, 2 ** 21))],
      tensors: [],
      dataBytes: 0,
      metadataCount: 60_000,
    });
    expect(() => readGgufModel(memoryFile(bytes, 2 ** 40))).toThrow(FormatError);
    const strings = llama({ set: { x: Buffer.concat([u32(8), u64(2 ** 23)]) } });
    expect(() => readGgufModel(memoryFile(strings, 2 ** 40))).toThrow("above the limit");
  });
});
