/** What an adapter is, in PEFT's names, and which modules of a model it concerns by PEFT's rules. */
import { matchesWhole, patternKey, pythonPattern } from "./pattern.js";

/** How the matrices of a new adapter begin; in files also what other programs began with. */
export type InitialWeights = boolean | string;

/** Settings of an adapter, by the names and with the meaning of PEFT's LoraConfig. */
export interface LoraSettings {
  /** Rank. */
  r: number;
  lora_alpha: number;
  lora_dropout: number;
  /** `all-linear`, a regular expression for whole names, or names and ends of names. */
  target_modules: string | readonly string[];
  exclude_modules: string | readonly string[] | null;
  /** Numbers of the layers that a list of targets is restricted to. */
  layers_to_transform: number | readonly number[] | null;
  /** What stands before the number of a layer. */
  layers_pattern: string | readonly string[] | null;
  /** Ranks of modules that differ from `r`, by regular expressions; the first that matches counts. */
  rank_pattern: Readonly<Record<string, number>>;
  alpha_pattern: Readonly<Record<string, number>>;
  /** Scale by alpha / sqrt(r) instead of alpha / r (Kalajdzievski, 2023, arXiv 2312.03732). */
  use_rslora: boolean;
  /** Weight-decomposed adapters (Liu et al., 2024, arXiv 2402.09353). */
  use_dora: boolean;
  /** A bias beside B. */
  lora_bias: boolean;
  /** Which biases of the model itself are trained. */
  bias: "none" | "all" | "lora_only";
  /** Ends of the names of modules that are trained whole, and saved with the adapter. */
  modules_to_save: readonly string[] | null;
  /** Rows of the embedding, or by module, that are trained. */
  trainable_token_indices: readonly number[] | Readonly<Record<string, readonly number[]>> | null;
  /** Whether embedding and output head stay one weight where they are. */
  ensure_weight_tying: boolean;
  init_lora_weights: InitialWeights;
}

/** Settings of which most have their defaults. */
export type LoraOptions = Pick<LoraSettings, "r" | "lora_alpha" | "lora_dropout"> &
  Partial<LoraSettings>;

/** PEFT's defaults. */
export const defaultSettings: LoraSettings = {
  r: 8,
  lora_alpha: 8,
  lora_dropout: 0,
  target_modules: "all-linear",
  exclude_modules: null,
  layers_to_transform: null,
  layers_pattern: null,
  rank_pattern: {},
  alpha_pattern: {},
  use_rslora: false,
  use_dora: false,
  lora_bias: false,
  bias: "none",
  modules_to_save: null,
  trainable_token_indices: null,
  ensure_weight_tying: false,
  init_lora_weights: true,
};

/** Rank and scale of one module's adapter. */
export function shapeOf(settings: LoraSettings, name: string): { rank: number; scale: number } {
  const { rank_pattern: ranks, alpha_pattern: alphas } = settings;
  const rank = ranks[patternKey(ranks, name) ?? ""] ?? settings.r;
  const alpha = alphas[patternKey(alphas, name) ?? ""] ?? settings.lora_alpha;
  return { rank, scale: alpha / (settings.use_rslora ? Math.sqrt(rank) : rank) };
}

/** Whether a list names a module: its whole name, or the end of it behind a dot. */
function isListed(names: readonly string[], module: string): boolean {
  return names.some((name) => module === name || module.endsWith(`.${name}`));
}

function matches(names: string | readonly string[], module: string): boolean {
  return typeof names === "string" ? matchesWhole(names, module) : isListed(names, module);
}

/** Whether a module is trained whole: `modules_to_save` has the end of its name, dot or not. */
export function isSaved(settings: LoraSettings, module: string): boolean {
  return settings.modules_to_save?.some((end) => module.endsWith(end)) ?? false;
}

/** Whether `exclude_modules` or `modules_to_save` keeps adapters away from a module. */
export function isExcluded(settings: LoraSettings, module: string): boolean {
  const { exclude_modules: excluded, modules_to_save: saved } = settings;
  if (excluded !== null && excluded.length > 0 && matches(excluded, module)) return true;
  return (saved ?? []).some((name) =>
    pythonPattern(name, (source) => `(^|.*\\.)${source}($|\\..*)`).test(module),
  );
}

/**
 * Whether a module gets an adapter, by PEFT's `check_target_module_exists`; `all-linear` is for the
 * caller.
 */
export function isTarget(settings: LoraSettings, module: string): boolean {
  const { target_modules: targets } = settings;
  if (isExcluded(settings, module)) return false;
  if (typeof targets === "string") return matchesWhole(targets, module);
  if (targets.includes(module)) return true;
  return isListed(targets, module) && isInLayers(settings, module);
}

/** Whether the number of a module's layer is one of `layers_to_transform`. */
function isInLayers(settings: LoraSettings, module: string): boolean {
  const { layers_to_transform: layers, layers_pattern: given } = settings;
  const wanted = typeof layers === "number" ? [layers] : (layers ?? []);
  if (wanted.length === 0) return true;
  const patterns = typeof given === "string" ? [given] : (given ?? []);
  const found = patterns
    .filter((pattern) => pattern !== "")
    .map((pattern) =>
      pythonPattern(pattern, (source) => `(?:^|.*?\\.)${source}\\.(?<index>\\d+)\\.`).exec(module),
    )
    .find((match) => match !== null);
  const match = patterns.join("") === "" ? /^.*?\.[^.]*\.(?<index>\d+)\./.exec(module) : found;
  const index = match?.groups?.index;
  return index !== undefined && wanted.includes(Number(index));
}
