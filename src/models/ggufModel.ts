/** A GGUF file as a model: its configuration, and its weights under Hugging Face's names. */
import {
  elementCount,
  type FileReader,
  type GgufFile,
  type GgufTensor,
  readGguf,
} from "../format/index.js";
import { FormatError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { ggufConfig, ggufFamily } from "./ggufConfig.js";
import {
  groupedChunks,
  type JoinedWeight,
  joinedChunks,
  joinedInfo,
  shiftedChunks,
} from "./ggufJoined.js";
import type { GgufLayout, ModelSource } from "./types.js";

/**
 * Reads a GGUF model. The open file belongs to the source from now on.
 *
 * @throws FormatError when the file is not valid, the architecture or a tensor's type is not
 *   supported, or metadata and tensors disagree
 */
export function readGgufModel(opened: FileReader): ModelSource {
  const file = readGguf(opened);
  const { path, header } = file;
  try {
    const family = ggufFamily(header, path);
    const { layout } = family;
    const config = ggufConfig(header, path, family, (name) => shortVector(file, name));
    const weights = collectWeights(file, config, layout);
    const find = (name: string) => {
      const found = weights.get(name);
      if (!found) throw new FormatError(`${path}: has no tensor \`${name}\``);
      return found;
    };
    return {
      kind: "gguf",
      config,
      names: () => [...weights.keys()],
      info: (name) => joinedInfo(file, find(name)),
      chunks(name, maxElements) {
        const weight = find(name);
        const isGrouped = layout.splitsByGroups && weight.stored.length > 1;
        const chunks = isGrouped
          ? groupedChunks(file, weight, config)
          : joinedChunks(file, weight, maxElements);
        const offset = NORM.test(weight.stored[0]!) ? (layout.normOffset ?? 0) : 0;
        return offset === 0 ? chunks : shiftedChunks(chunks, -offset, name);
      },
      blocks(name) {
        const { stored, permutedRows } = find(name);
        if (layout.splitsByGroups && stored.length > 1) return undefined;
        const parts = stored.flatMap((one, part) => file.blocks(one, permutedRows[part]) ?? []);
        return parts.length === stored.length ? parts : undefined;
      },
      close: file.close,
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Tensors that hold no weight: what they say is in the configuration. */
const NO_WEIGHT = /^rope_freqs\.weight$|^blk\.\d+\.attn_rot_embd\.weight$/;

/** Tensors that are weights of norms. */
const NORM = /_norm\.weight$/;

function collectWeights(
  file: GgufFile,
  config: ModelConfig,
  layout: GgufLayout,
): Map<string, JoinedWeight> {
  const { path, header } = file;
  const weights = new Map<string, JoinedWeight>();
  const layers = new Set<number>();
  for (const tensor of header.tensors.values()) {
    if (NO_WEIGHT.test(tensor.name) || layout.vectors?.includes(tensor.name)) continue;
    const mapped = mapName(tensor.name, layout);
    if (!mapped) {
      throw new FormatError(`${path}: tensor \`${tensor.name.slice(0, 100)}\` is unknown`, {
        why: `a ${config.model_type} model has no such weight`,
        todo: "use the model's safetensors files instead",
      });
    }
    if (mapped.layer !== undefined) layers.add(mapped.layer);
    file.info(tensor.name); // refuses a type that cannot be read
    const weight = weights.get(mapped.name) ?? { stored: [], permutedRows: [] };
    weight.stored[mapped.part] = tensor.name;
    weight.permutedRows[mapped.part] = layout.interleavesHeads
      ? permutedRows(tensor, config, path)
      : 0;
    weights.set(mapped.name, weight);
  }
  checkJoined(file, weights, layout, config);
  const depth = config.num_hidden_layers;
  if (layers.size !== depth || Math.max(...layers) !== depth - 1) {
    throw new FormatError(
      `${path}: block_count is ${depth}, tensors are of ${layers.size} blocks`,
      {
        todo: "the file is damaged or of another form; download it again",
      },
    );
  }
  return weights;
}

/** Parts of one weight have to be all there, with the rows of their heads, and delivered in one type. */
function checkJoined(
  file: GgufFile,
  weights: ReadonlyMap<string, JoinedWeight>,
  { split = {} }: GgufLayout,
  { num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: headDim }: ModelConfig,
): void {
  for (const [name, { stored }] of weights) {
    const parts = split[general(name)]?.length ?? 1;
    const there = stored.filter((one) => one !== undefined);
    const infos = there.map((one) => file.info(one));
    const kinds = infos.map(({ dtype, shape: [, ...rest] }) => `${dtype} [${rest}]`);
    const rows = infos.map(({ shape }) => shape[0]);
    const wanted = [heads, keyHeads, keyHeads].map((count) => count * headDim);
    const hasRows = parts === 1 || rows.every((count, i) => count === wanted[i]);
    if (there.length === parts && new Set(kinds).size === 1 && hasRows) continue;
    throw new FormatError(`${file.path}: the parts of ${name} do not fit together`, {
      why: `${parts} tensors of ${wanted.join(", ")} rows make it up; the file has ${there.map((one, i) => `${one} [${infos[i]!.shape}]`).join(", ")}`,
      todo: "use the model's safetensors files instead",
    });
  }
}

function permutedRows(tensor: GgufTensor, config: ModelConfig, path: string): number {
  const part = /\.attn_([qk])\./.exec(tensor.name)?.[1];
  if (!part) return 0;
  const heads = part === "q" ? config.num_attention_heads : config.num_key_value_heads;
  const rows = (tensor.shape[0] ?? 0) / heads;
  const row = elementCount(tensor.shape.slice(1));
  if (!Number.isInteger(rows / 2) || row % tensor.type.blockElements !== 0) {
    throw new FormatError(`${path}: \`${tensor.name}\` cannot be split into ${heads} heads`);
  }
  return rows;
}

const TENSOR = /^(?:blk\.(0|[1-9]\d{0,4})\.)?([a-z_]+)\.(weight|bias)$/;

/** A weight's name without its suffix, with `N` for the layer. */
function general(name: string): string {
  return name.replace(/\.layers\.\d+\./, ".layers.N.").replace(/\.(weight|bias)$/, "");
}

interface MappedName {
  /** Hugging Face's name. */
  name: string;
  layer: number | undefined;
  /** Which part of the weight the tensor is. */
  part: number;
}

/** Undefined for a tensor that the layout lacks. */
function mapName(name: string, { names, split = {} }: GgufLayout): MappedName | undefined {
  const match = TENSOR.exec(name);
  if (!match) return undefined;
  const [, layer, module = "", suffix = ""] = match;
  const key = layer === undefined ? module : `blk.N.${module}`;
  const whole = Object.entries(split).find(([, parts]) => parts.includes(key));
  if (!whole && !Object.hasOwn(names, key)) return undefined;
  const mapped = (whole ? whole[0] : names[key]!).replace(".N.", `.${layer}.`);
  return {
    name: `${mapped}.${suffix}`,
    layer: layer === undefined ? undefined : Number(layer),
    part: whole ? whole[1].indexOf(key) : 0,
  };
}

/** The values of a vector that is no weight; undefined where the file has none. */
function shortVector({ path, header, chunks }: GgufFile, name: string): Float32Array | undefined {
  const tensor = header.tensors.get(name);
  if (!tensor) return undefined;
  if (tensor.type.name !== "F32" || tensor.bytes > 1 << 16) {
    throw new FormatError(`${path}: \`${name}\` should be a short F32 vector`);
  }
  const values = new Float32Array(tensor.bytes / 4);
  const bytes = new Uint8Array(values.buffer);
  for (const { start, data } of chunks(name)) bytes.set(data, start * 4);
  return values;
}
