/** The engine's figures, over its restarts. */
import type { EngineFigures } from "./protocol.js";

export const noFigures: EngineFigures = {
  running: 0,
  waiting: 0,
  promptTokens: 0,
  generatedTokens: 0,
  cachedTokens: 0,
  steps: 0,
  keyValueBytes: 0,
  keyValueLimitBytes: 0,
  residentBytes: 0,
  liveTensors: 0,
};

/** Counters go on counting over restarts. */
export function addFigures(past: EngineFigures, now: EngineFigures): EngineFigures {
  return {
    ...now,
    promptTokens: past.promptTokens + now.promptTokens,
    generatedTokens: past.generatedTokens + now.generatedTokens,
    cachedTokens: past.cachedTokens + now.cachedTokens,
    steps: past.steps + now.steps,
  };
}

/** What is left of them when the engine has ended: it holds nothing any more. */
export function figuresOfEnded(figures: EngineFigures): EngineFigures {
  return {
    ...figures,
    running: 0,
    waiting: 0,
    keyValueBytes: 0,
    residentBytes: 0,
    liveTensors: 0,
  };
}
