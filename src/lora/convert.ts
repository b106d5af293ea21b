/**
 * An adapter that began with a part of the base weights (PiSSA, OLoRA) as a plain one of twice the
 * rank, by PEFT's conversion: `B A - B₀ A₀ = [B, -B₀] [A; A₀]`, so that the base stays as it was.
 */
import { cat, tensor, tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import type { AdapterTensor } from "./adapterTensor.js";
import type { AdapterConfig } from "./configFile.js";

/** What one layer's adapter began with, on the host: A [rank, in] and B [out, rank], float32. */
export interface BegunWith {
  a: Float32Array;
  b: Float32Array;
}

/** The configuration of the plain adapter. @throws ConfigError for what PEFT cannot convert either */
export function plainConfig(config: AdapterConfig): AdapterConfig {
  const { rank_pattern: ranks, alpha_pattern: alphas, use_rslora } = config;
  if (use_rslora && Object.keys({ ...ranks, ...alphas }).length > 0) {
    throw new ConfigError("an adapter with use_rslora and patterns cannot be converted", {
      why: "rank and alpha of a layer would have to grow by different factors",
      todo: "leave out save_plain_lora",
    });
  }
  const doubled = (pattern: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(pattern).map(([key, value]) => [key, 2 * value]));
  return {
    ...config,
    r: 2 * config.r,
    lora_alpha: config.lora_alpha * (use_rslora ? Math.SQRT2 : 2),
    rank_pattern: doubled(ranks),
    alpha_pattern: doubled(alphas),
    init_lora_weights: true,
  };
}

/**
 * A tensor of the plain adapter in place of one of the adapter's own.
 *
 * @returns undefined for one that stays
 * @throws ConfigError for a base weight that was saved with the adapter
 */
export function plainTensor(
  { name, parameter }: AdapterTensor,
  begun: ReadonlyMap<string, BegunWith>,
): { shape: number[]; data: () => Uint8Array } | undefined {
  const [, module = "", kind = ""] = /^(.*)\.(lora_[AB]|base_layer)\.weight$/.exec(name) ?? [];
  const first = begun.get(module);
  if (!first) return undefined;
  if (kind === "base_layer") {
    throw new ConfigError(`${name} lies beside the adapter, which cannot be converted`, {
      why: "what the adapter began with is missing in this weight, and may be missing in the embedding",
      todo: "leave out save_plain_lora",
    });
  }
  const [rows = 0, columns = 0] = parameter.tensor.shape;
  const isDown = kind === "lora_A";
  return {
    shape: isDown ? [2 * rows, columns] : [rows, 2 * columns],
    data: () =>
      tidy(() => {
        const own = parameter.tensor.to({ device: "cpu" });
        const before = tensor(isDown ? first.a : first.b, [rows, columns]);
        return cat([own, isDown ? before : before.neg()], isDown ? 0 : 1).bytes();
      }),
  };
}
