/** The models that the engine holds. Adapters of one base, where they only add to it, share its weights. */
import {
  type ChatModel,
  type Constrainer,
  contextLength,
  type GenerationChoices,
  loadChatModel,
} from "../../generate/index.js";
import { addsOnly } from "../../lora/index.js";
import {
  type CausalLanguageModel,
  countElements,
  loadModel,
  modelTensors,
  openModelWeights,
  type PreparedModel,
  prepareModel,
  sharedModel,
} from "../../models/index.js";
import { type Device, type DType, dispose, type Tensor } from "../../tensor/index.js";
import { toolCallFormatOf } from "../../text/index.js";
import type { SamplingDefaults } from "../schema.js";
import type { ModelFacts, ModelSpec } from "./protocol.js";
import { overShared, weightOwners } from "./sharedWeights.js";

/** Weights that one or more served models use. */
interface Base {
  key: string;
  model: CausalLanguageModel;
  prepared: PreparedModel;
  /** Names of the served models. */
  users: Set<string>;
}

/** A served model. */
export interface LoadedModel {
  name: string;
  chat: ChatModel;
  prepared: PreparedModel;
  base: Base;
  /** Tensors that are its own: those of its adapters. */
  own: Tensor[];
  /** What holds answers to formats; made when it is first asked for. */
  constrainer?: Constrainer;
  /** Characters of its longest token, likewise. */
  longestToken?: number;
  /** Bytes of its tokens, likewise. */
  bytes?: (Uint8Array | undefined)[];
}

/** Tables of the engine. */
export interface ModelTables {
  bases: Map<string, Base>;
  models: Map<string, LoadedModel>;
}

export function createTables(): ModelTables {
  return { bases: new Map(), models: new Map() };
}

/**
 * Loads a model, or puts adapters over one that is loaded already.
 *
 * @param onProgress gets the share of the weights that are read, 0 to 1
 * @throws ConfigError, FormatError where something is missing or does not fit; nothing is left then
 */
export async function load(
  tables: ModelTables,
  spec: ModelSpec,
  onProgress: (progress: number) => void,
): Promise<LoadedModel> {
  const options = {
    ...(spec.dtype === undefined ? {} : { dtype: spec.dtype as DType }),
    ...(spec.device === undefined ? {} : { device: spec.device as Device }),
  };
  let base: Base | undefined;
  const openBase = (path: string, adapters: readonly string[]): CausalLanguageModel => {
    const shares = adapters.every(addsOnly);
    const key = JSON.stringify([path, spec.dtype, spec.device, shares ? "" : spec.name]);
    base = tables.bases.get(key);
    if (!base) {
      const transform = progressOf(path, onProgress);
      const model = loadModel(path, { ...options, transform, asStored: true });
      base = { key, model, prepared: prepareModel(model), users: new Set() };
    }
    return adapters.length > 0 && shares ? sharedModel(base.model) : base.model;
  };
  const chat = await loadChatModel(spec.place, {
    adapter: spec.adapters,
    template: spec.template,
    needsTemplate: false,
    openBase,
  });
  base!.users.add(spec.name);
  tables.bases.set(base!.key, base!);
  const shared = new Set(modelTensors(base!.model));
  const loaded: LoadedModel = {
    name: spec.name,
    chat,
    prepared: preparedOver(base!, chat.model),
    base: base!,
    own:
      chat.model === base!.model ? [] : modelTensors(chat.model).filter((one) => !shared.has(one)),
  };
  tables.models.set(spec.name, loaded);
  return loaded;
}

/** What is made of the base's weights once serves all that share them. */
function preparedOver({ model: base, prepared }: Base, model: CausalLanguageModel): PreparedModel {
  if (model === base) return prepared;
  const weights = overShared(prepared.weights, weightOwners(base));
  return { ...prepared, model, weights, dispose: weights.dispose };
}

/** Frees a model; the weights that it shares stay as long as another uses them. */
export function unload(
  { bases, models }: ModelTables,
  { name, base, own, prepared }: LoadedModel,
): void {
  models.delete(name);
  if (prepared !== base.prepared) prepared.dispose();
  dispose(own);
  base.users.delete(name);
  if (base.users.size > 0) return;
  bases.delete(base.key);
  base.prepared.dispose();
  dispose(modelTensors(base.model));
}

/** Tells of each layer whose weights are read. */
function progressOf(path: string, onProgress: (progress: number) => void) {
  const source = openModelWeights(path);
  const { num_hidden_layers: layers } = source.config;
  source.close();
  return <Layer extends { parts: readonly { name: string }[] }>(layer: Layer): Layer => {
    const number = /\.(\d+)\./.exec(layer.parts[0]?.name ?? "")?.[1];
    if (number !== undefined) onProgress(Math.min(1, (Number(number) + 1) / layers));
    return layer;
  };
}

/** Number type of the computation, and in which form the weights are read. */
function storedForm({ dtype, storedTypes }: CausalLanguageModel): string {
  return storedTypes ? `${dtype}, read from ${storedTypes.join(" and ")} as stored` : dtype;
}

/** What is told of a loaded model. */
export function factsOf({ name, chat, base, own }: LoadedModel): ModelFacts {
  const { model, template } = chat;
  const { tensors } = { tensors: own.length > 0 ? own : modelTensors(model) };
  const [other] = [...base.users].filter((user) => user !== name);
  return {
    base: chat.name,
    adapters: [...chat.adapters],
    family: model.config.model_type,
    parameters: countElements(model).all,
    context: contextLength(model),
    weights: storedForm(model),
    memoryBytes: tensors.reduce((sum, { nbytes }) => sum + nbytes, 0),
    shares: own.length > 0 && other !== undefined ? other : null,
    tools: toolCallFormatOf(template) !== undefined,
    reasoning: template.mentions("enable_thinking"),
    defaults: samplingDefaults(chat.defaults),
    notes: [...(template.notes ?? [])],
  };
}

function samplingDefaults(choices: GenerationChoices): SamplingDefaults {
  const named = {
    temperature: choices.temperature,
    top_p: choices.topP,
    top_k: choices.topK,
    min_p: choices.minP,
    repetition_penalty: choices.repetitionPenalty,
    max_tokens: choices.maxNewTokens,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}
