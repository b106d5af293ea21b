/** Cases of greedy generation as fixture_generation.py and fixture_smollm2.py store them. */
import { readFileSync } from "node:fs";
import { fixture } from "./fixtures.js";

interface Settings {
  max_new_tokens: number;
  repetition_penalty?: number;
  no_repeat_ngram_size?: number;
}

export interface GreedyCase {
  settings: Settings;
  prompt_ids: number[];
  output_ids: number[];
}

/** A JSON file of the topic. */
export function readGeneration<T>(name: string): T {
  return JSON.parse(readFileSync(fixture(`generation/${name}`), "utf8")) as T;
}

/** Settings under our names. */
export function ourSettings(settings: Settings) {
  return {
    maxNewTokens: settings.max_new_tokens,
    repetitionPenalty: settings.repetition_penalty ?? 1,
    noRepeatNgramSize: settings.no_repeat_ngram_size ?? 0,
  };
}
