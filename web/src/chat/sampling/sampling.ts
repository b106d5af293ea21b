/** How tokens are chosen: plain data, its limits, presets and the request's fields. */
import type { SamplingDefaults } from "../../../../src/serve/schema";

export type SamplingKey =
  | "temperature"
  | "top_p"
  | "top_k"
  | "min_p"
  | "max_tokens"
  | "repetition_penalty"
  | "no_repeat_ngram_size"
  | "presence_penalty"
  | "frequency_penalty"
  | "seed";

/** What the user chose; what is not chosen is the model's own. */
export interface Sampling {
  values: Partial<Record<SamplingKey, number>>;
  /** Texts that end an answer. */
  stop: string[];
  /** Whether the model reasons first; null leaves it to the template. */
  thinking: boolean | null;
}

export interface Parameter {
  key: SamplingKey;
  minimum: number;
  maximum: number;
  /** Of the slider; null where a slider makes no sense. */
  step: number | null;
  whole: boolean;
  /** Value that changes nothing, used where neither user nor model chooses. */
  neutral: number | null;
}

/** Most stop texts that the server takes. */
export const mostStops = 16;

export const parameters: readonly Parameter[] = [
  { key: "temperature", minimum: 0, maximum: 2, step: 0.05, whole: false, neutral: null },
  { key: "top_p", minimum: 0, maximum: 1, step: 0.01, whole: false, neutral: 1 },
  { key: "top_k", minimum: 0, maximum: 1_000_000, step: null, whole: true, neutral: null },
  { key: "min_p", minimum: 0, maximum: 1, step: 0.01, whole: false, neutral: 0 },
  { key: "max_tokens", minimum: 1, maximum: 1_000_000, step: null, whole: true, neutral: null },
  { key: "repetition_penalty", minimum: 0.5, maximum: 2, step: 0.01, whole: false, neutral: 1 },
  { key: "no_repeat_ngram_size", minimum: 0, maximum: 100, step: null, whole: true, neutral: 0 },
  { key: "presence_penalty", minimum: -2, maximum: 2, step: 0.1, whole: false, neutral: 0 },
  { key: "frequency_penalty", minimum: -2, maximum: 2, step: 0.1, whole: false, neutral: 0 },
  { key: "seed", minimum: 0, maximum: 2 ** 31 - 1, step: null, whole: true, neutral: null },
];

export const ownSampling: Sampling = { values: {}, stop: [], thinking: null };

export type PresetName = "own" | "exact" | "creative";

const presets: Record<PresetName, Sampling["values"]> = {
  own: {},
  exact: { temperature: 0 },
  creative: { temperature: 1, top_p: 0.95, min_p: 0.05 },
};

export const presetNames = Object.keys(presets) as PresetName[];

/** Keys that a preset speaks of; limits, stops and the seed are left as they are. */
const presetKeys: readonly SamplingKey[] = parameters
  .map(({ key }) => key)
  .filter((key) => key !== "max_tokens" && key !== "seed");

/** The sampling with a preset's values in place of its own. */
export function withPreset(sampling: Sampling, name: PresetName): Sampling {
  const kept = Object.entries(sampling.values).filter(
    ([key]) => !presetKeys.includes(key as SamplingKey),
  );
  return { ...sampling, values: { ...Object.fromEntries(kept), ...presets[name] } };
}

/** The preset that the values are, or null where they are the user's own. */
export function presetOf({ values }: Sampling): PresetName | null {
  const same = (name: PresetName) => presetKeys.every((key) => values[key] === presets[name][key]);
  return presetNames.find(same) ?? null;
}

/** The sampling with one value changed; null gives it back to the model. */
export function withValue(sampling: Sampling, key: SamplingKey, value: number | null): Sampling {
  const { [key]: _, ...rest } = sampling.values;
  return { ...sampling, values: value === null ? rest : { ...rest, [key]: value } };
}

/** A number as the user wrote it, or null where it is none within the limits. */
export function readValue({ minimum, maximum, whole }: Parameter, text: string): number | null {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || value < minimum || value > maximum) return null;
  return whole && !Number.isInteger(value) ? null : value;
}

/** What the model does where the user chooses nothing. */
export function defaultOf({ key, neutral }: Parameter, defaults: SamplingDefaults): number | null {
  const own = defaults[key as keyof SamplingDefaults];
  return own ?? neutral;
}

/** Stop texts as lines, `\n` in them for a new line; and back. */
export function readStops(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replaceAll("\\n", "\n"));
}

export function writeStops(stops: readonly string[]): string {
  return stops.map((stop) => stop.replaceAll("\n", "\\n")).join("\n");
}

/** The request's fields. */
export function samplingFields({ values, stop, thinking }: Sampling): Record<string, unknown> {
  return {
    ...values,
    ...(stop.length > 0 ? { stop } : {}),
    ...(thinking === null ? {} : { chat_template_kwargs: { enable_thinking: thinking } }),
  };
}
