import { expect, it } from "vitest";
import {
  ownSampling,
  parameters,
  presetOf,
  readStops,
  readValue,
  samplingFields,
  withPreset,
  withValue,
  writeStops,
} from "./sampling";

const named = (key: string) => parameters.find((parameter) => parameter.key === key)!;

it("presets replace how tokens are chosen, and keep limit and seed", () => {
  const limited = withValue(withValue(ownSampling, "max_tokens", 50), "top_k", 5);
  const exact = withPreset(limited, "exact");
  expect(exact.values).toEqual({ max_tokens: 50, temperature: 0 });
  expect([presetOf(exact), presetOf(limited), presetOf(ownSampling)]).toEqual([
    "exact",
    null,
    "own",
  ]);
});

it("only what was chosen is sent", () => {
  expect(samplingFields(ownSampling)).toEqual({});
  expect(samplingFields({ values: { seed: 1 }, stop: ["\n"], thinking: false })).toEqual({
    seed: 1,
    stop: ["\n"],
    chat_template_kwargs: { enable_thinking: false },
  });
  expect(withValue({ ...ownSampling, values: { seed: 1 } }, "seed", null)).toEqual(ownSampling);
});

it("reads numbers within their limits only", () => {
  expect(readValue(named("temperature"), " 0.7 ")).toBe(0.7);
  for (const wrong of ["", "2.5", "x", "-1", "1e999"]) {
    expect(readValue(named("temperature"), wrong)).toBeNull();
  }
  expect(readValue(named("top_k"), "1.5")).toBeNull();
});

it("writes stop texts a line each", () => {
  const stops = ["User:", "\n\n"];
  expect(writeStops(stops)).toBe("User:\n\\n\\n");
  expect(readStops(writeStops(stops))).toEqual(stops);
});
