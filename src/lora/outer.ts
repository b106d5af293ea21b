/** What an adapter does outside the branches: to the embedding and to the output head. */
import {
  type CausalLanguageModel,
  type EmbeddingAdapter,
  forgetStoredHead,
  type HeadAdapter,
} from "../models/index.js";
import { denseLinear, type Parameter, parameter } from "../nn/index.js";
import { cat, empty, type Tensor, tidy, zeros } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import { type AdaptedLinear, adaptLinear } from "./adapter.js";
import {
  type Attaching,
  checkStack,
  linearAdapter,
  ownParameter,
  wholeValue,
} from "./attaching.js";
import { columnLengths, embeddingAdapter, type LowRankRows } from "./embedding.js";
import { parametersOf } from "./lowRank.js";
import { mergeInto } from "./merge.js";
import { shapeOf } from "./settings.js";
import { embeddingName, headName, isTied } from "./targets.js";
import { embeddingRows, headRows, type TokenRows, tokenRows } from "./tokenRows.js";

/** The output head with adapters. */
interface AdaptedHead extends HeadAdapter {
  linear: AdaptedLinear;
}

/** Attaches everything that concerns embedding and output head. */
export function attachOuter(attaching: Attaching): void {
  const { model, plan, config } = attaching;
  const [embedding, head] = [embeddingName(model), headName(model)];
  const concerned = (set: ReadonlySet<string>) => set.has(embedding) || set.has(head);
  checkNormHead(attaching);
  if (config.ensure_weight_tying && isTied(model) && concerned(plan.targets)) {
    throw new ConfigError("ensure_weight_tying with adapters of embedding or output head", {
      why: "their adapters would be one and the same, which is not supported",
      todo: "merge the adapter in PEFT: merge_and_unload().save_pretrained(...)",
    });
  }
  if (concerned(plan.saved)) saveOuter(attaching);
  if (plan.targets.has(embedding)) adaptEmbedding(attaching, embedding);
  if (plan.targets.has(head)) adaptHead(attaching);
  if (config.trainable_token_indices !== null) adaptTokens(attaching);
  // Last, because what is saved of a base weight is what the adapter's beginning has left of it.
  replaceBase(attaching);
}

function checkNormHead({ model, plan }: Attaching): void {
  const { output } = model;
  if (!(output.normalizesRows || output.isNormalized)) return;
  const head = headName(model);
  if (!plan.saved.has(head) && !plan.targets.has(head)) return;
  throw new ConfigError("the output head of this model cannot be adapted or saved", {
    why: "the rows of its weight are divided by their norms (NormHead)",
    todo: `leave ${head} out of lora_target and modules_to_save`,
  });
}

/**
 * PEFT saves whole embeddings beside an adapter where they are its targets or had new rows: they
 * take the place of the base model's.
 */
function replaceBase(attaching: Attaching): void {
  const { model, plan, source, tensors } = attaching;
  const places: [string, Parameter][] = [
    [embeddingName(model), model.embedding],
    [headName(model), model.output.weight],
  ];
  for (const [name, weight] of places) {
    if (plan.saved.has(name)) continue;
    const stored = plan.targets.has(name) ? `${name}.base_layer.weight` : `${name}.weight`;
    const { shape, device } = weight.tensor;
    const value = source.takeIfThere(stored, shape, device);
    if (!value) continue;
    forgetStoredHead(model);
    tidy(() => weight.tensor.copy_(value));
    value.dispose();
    tensors.push({ name: stored, parameter: weight });
  }
}

/** Embedding and head as weights of their own that are trained whole. */
function saveOuter(attaching: Attaching): void {
  const { model, plan, config, source, tensors, training } = attaching;
  const [embedding, head] = [embeddingName(model), headName(model)];
  const wasTied = isTied(model);
  const before = model.embedding;
  forgetStoredHead(model);
  const whole = (name: string, from: Tensor): Parameter => {
    const value = wholeValue(attaching, name, from);
    const own = { ...parameter(name, value), trainable: training };
    tensors.push({ name, parameter: own });
    return own;
  };
  if (wasTied && config.ensure_weight_tying) {
    const shared = whole(`${embedding}.weight`, before.tensor);
    const { shape, device } = before.tensor;
    source.takeIfThere(`${head}.weight`, shape, device)?.dispose();
    tensors.push({ name: `${head}.weight`, parameter: shared });
    model.embedding = model.output.weight = shared;
    before.tensor.dispose();
    return;
  }
  if (plan.saved.has(head)) {
    const { weight } = model.output;
    model.output.weight = whole(`${head}.weight`, weight.tensor);
    if (!wasTied) weight.tensor.dispose();
  }
  if (plan.saved.has(embedding)) {
    model.embedding = whole(`${embedding}.weight`, before.tensor);
    const isLeft = wasTied && !plan.saved.has(head);
    if (isLeft) model.output.weight = parameter(`${head}.weight`, before.tensor);
    else before.tensor.dispose();
  }
}

/** One adapter of the embedding over another. */
function over(below: EmbeddingAdapter | undefined, above: EmbeddingAdapter): EmbeddingAdapter {
  if (!below) return above;
  return {
    parameters: () => [...below.parameters(), ...above.parameters()],
    tensors: () => [...below.tensors(), ...above.tensors()],
    apply: (rows, ids) => tidy(() => above.apply(below.apply(rows, ids), ids)),
    addGradients(gradients, ids, byRows) {
      above.addGradients(gradients, ids, byRows);
    },
  };
}

function adaptEmbedding(attaching: Attaching, name: string): void {
  const { model, config, generator } = attaching;
  const { shape, device } = model.embedding.tensor;
  const [vocabulary = 0, dim = 0] = shape;
  const { rank, scale } = shapeOf(config, name);
  if (config.lora_bias) {
    throw new ConfigError(`lora_bias does not work on ${name}`, {
      why: "the adapter of an embedding has no bias, in PEFT neither",
      todo: `leave ${name} out of the targets, or lora_bias`,
    });
  }
  if (model.embeddingAdapter && config.use_dora) {
    checkStack(config, name, [{ magnitude: null }]);
  }
  const normal = (shape: number[]) =>
    empty(shape, { dtype: "float32" }).normal_(0, 1, { generator: generator! });
  const [down, up] = [
    [rank, vocabulary],
    [dim, rank],
  ];
  const isRandom = config.init_lora_weights === false;
  const rows: LowRankRows = {
    a: ownParameter(attaching, `${name}.lora_embedding_A`, down!, device, () =>
      isRandom ? normal(down!) : zeros(down!, { dtype: "float32" }),
    ),
    b: ownParameter(attaching, `${name}.lora_embedding_B`, up!, device, () => normal(up!)),
    magnitude: null,
    scale,
    strength: attaching.strength,
  };
  if (config.use_dora) {
    rows.magnitude = ownParameter(attaching, `${name}.lora_magnitude_vector`, [dim], device, () =>
      tidy(() => columnLengths(model.embedding.tensor, rows)),
    );
  }
  const above = embeddingAdapter(model.embedding, rows, model.config.pad_token_id);
  model.embeddingAdapter = over(model.embeddingAdapter, above);
}

function adaptHead(attaching: Attaching): void {
  const { model, config } = attaching;
  const { output } = model;
  const before = output.adapter;
  if (before && !("linear" in before)) throw twoOnHead(model);
  const below = (before as AdaptedHead | undefined)?.linear.adapters ?? [];
  const name = headName(model);
  checkStack(config, name, below);
  const part = { name, start: 0, outFeatures: output.weight.tensor.size(0) };
  forgetStoredHead(model);
  const adapter = linearAdapter(attaching, part, output.weight.tensor, true);
  const base = denseLinear(output.weight, null, [part]);
  const linear = adaptLinear(base, [...below, adapter], 0);
  const parameters = linear.adapters.flatMap(parametersOf);
  const head: AdaptedHead = {
    linear,
    parameters: () => parameters,
    tensors: () => parameters.map(({ tensor }) => tensor),
    apply: linear.apply,
    mergeInto(weight) {
      mergeInto(weight, null, linear.adapters);
    },
  };
  output.adapter = head;
}

function twoOnHead(model: CausalLanguageModel): ConfigError {
  return new ConfigError(`${headName(model)} has an adapter and rows of tokens that are trained`, {
    todo: "merge one of them into the model first: tunewright merge",
  });
}

/** Rows of tokens by module. PEFT ties those of embedding and head where their weights are tied. */
function adaptTokens(attaching: Attaching): void {
  const { model, config } = attaching;
  const { output } = model;
  const [embedding, headModule] = [embeddingName(model), headName(model)];
  const given = config.trainable_token_indices!;
  const byModule = Array.isArray(given)
    ? { [embedding]: given as readonly number[] }
    : (given as Readonly<Record<string, readonly number[]>>);
  const indicesOf = (module: string) =>
    Object.entries(byModule).find(([end]) => module.endsWith(end))?.[1];
  const unknown = Object.keys(byModule).find(
    (end) => !embedding.endsWith(end) && !headModule.endsWith(end),
  );
  if (unknown !== undefined) {
    throw new ConfigError(`trainable_token_indices names ${unknown}`, {
      todo: `use ${embedding} or ${headModule}`,
    });
  }
  const [own, head] = [indicesOf(embedding), indicesOf(headModule)];
  const isShared = isTied(model) && own !== undefined && (head === undefined || same(own, head));
  if (own) {
    const rows = rowsOf(attaching, embedding, own, model.embedding);
    const above = embeddingRows(rows, model.config.pad_token_id);
    model.embeddingAdapter = over(model.embeddingAdapter, above);
    if (isShared) putHeadRows(attaching, rows, above);
  }
  if (head && !isShared) {
    putHeadRows(attaching, rowsOf(attaching, headModule, head, output.weight));
  }
}

function putHeadRows({ model }: Attaching, rows: TokenRows, sharedWith?: EmbeddingAdapter): void {
  const { output } = model;
  if (output.adapter) throw twoOnHead(model);
  const { weight } = output;
  const base = denseLinear(weight, null, [
    { name: headName(model), start: 0, outFeatures: weight.tensor.size(0) },
  ]);
  const normalizes = output.normalizesRows || output.isNormalized === true;
  output.adapter = headRows(rows, base, { sharedWith, normalizes });
}

function rowsOf(
  attaching: Attaching,
  module: string,
  indices: readonly number[],
  weight: Parameter,
): TokenRows {
  const { model, plan } = attaching;
  const [vocabulary = 0, dim = 0] = weight.tensor.shape;
  const wrong = indices.find((id) => id >= vocabulary);
  if (wrong !== undefined || new Set(indices).size !== indices.length) {
    throw new ConfigError(
      `trainable_token_indices ${JSON.stringify(indices)} do not fit ${module}`,
      {
        why: wrong === undefined ? "a token occurs twice" : `there are only ${vocabulary} tokens`,
      },
    );
  }
  if (plan.saved.has(module) || plan.targets.has(module)) {
    throw new ConfigError(`${module} is trained by trainable_token_indices and as a whole`, {
      todo: "choose one: lora_target, modules_to_save or trainable_token_indices",
    });
  }
  const name = `${module}.token_adapter.trainable_tokens_delta`;
  const rows = ownParameter(attaching, name, [indices.length, dim], weight.tensor.device, () =>
    tidy(() => {
      const picked = indices.map((id) => weight.tensor.narrow(0, id, 1));
      return cat(picked, 0).to({ dtype: "float32" });
    }),
  );
  return tokenRows(rows, indices, vocabulary, model.device);
}

function same(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((id, i) => id === other[i]);
}
