import { afterEach, expect, test, vi } from "vitest";
import { builtinModelName, builtinModelPath, resolveModelPath } from "./builtin-model.js";
import { ConfigError, EnvironmentError } from "./errors.js";

afterEach(() => vi.unstubAllEnvs());

test("the built-in model lies where set-up puts it, or where the environment says", () => {
  vi.stubEnv("TUNEWRIGHT_BUILTIN_MODEL", "");
  expect(builtinModelPath()).toMatch(
    /\.tunewright[\\/]models[\\/]smollm2-135m-instruct-q4_1\.gguf$/,
  );
  vi.stubEnv("TUNEWRIGHT_BUILTIN_MODEL", import.meta.filename);
  expect(resolveModelPath(builtinModelName)).toBe(import.meta.filename);
});

test("other names pass through, and what cannot be found is said", () => {
  vi.stubEnv("TUNEWRIGHT_BUILTIN_MODEL", "/no/such/file.gguf");
  expect(resolveModelPath("models/mine")).toBe("models/mine");
  expect(() => resolveModelPath("builtin:other")).toThrow(ConfigError);
  expect(() => resolveModelPath(builtinModelName)).toThrow(EnvironmentError);
});
