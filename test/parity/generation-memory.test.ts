/** Peak memory of loading the built-in model, in a process of its own. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { builtinModelPath } from "../../src/util/builtin-model.js";

const present = existsSync(builtinModelPath()) && existsSync("/proc/self/status");
if (!present) console.warn("skipped: needs Linux and the built-in model (./tunewright setup)");

const source = (dtype: string) => `
  import { readFileSync } from "node:fs";
  import { loadModel, modelTensors } from "./src/models/index.js";
  import { empty, tidy } from "./src/tensor/index.js";
  const kilobytes = (key) => Number(readFileSync("/proc/self/status", "utf8").split(key + ":")[1].trim().split(" ")[0]);
  tidy(() => void empty([16]).zero_().add(1));
  const before = kilobytes("VmRSS");
  const model = loadModel(${JSON.stringify(builtinModelPath())}, { dtype: "${dtype}" });
  const weights = modelTensors(model).reduce((sum, tensor) => sum + tensor.nbytes, 0) / 1024;
  process.stdout.write(String((kilobytes("VmHWM") - before) / weights));`;

it.skipIf(!present).each(["float32", "bfloat16"])(
  "loading in %s peaks at most 1.2x the weights",
  (dtype) => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", source(dtype)],
      { cwd: fileURLToPath(new URL("../..", import.meta.url)), encoding: "utf8" },
    );
    const ratio = Number(stdout);
    expect(ratio, stderr).toBeGreaterThan(0.9);
    expect(ratio, stderr).toBeLessThan(1.2);
  },
);
