/** Which modules settings name: PEFT's own rules, case by case. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../util/errors.js";
import { defaultSettings, isTarget, type LoraSettings, shapeOf } from "./settings.js";

const modules = [0, 1, 10].flatMap((layer) =>
  ["self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj"].map(
    (name) => `model.layers.${layer}.${name}`,
  ),
);

function targetsOf(settings: Partial<LoraSettings>): string[] {
  return modules.filter((module) => isTarget({ ...defaultSettings, ...settings }, module));
}

const layer = (number: number, ...names: string[]) =>
  names.map((name) => `model.layers.${number}.${name}`);

describe("isTarget", () => {
  // Expected values: peft.tuners.tuners_utils.check_target_module_exists of PEFT 0.21.2.
  test.each<[Partial<LoraSettings>, string[]]>([
    [
      { target_modules: ".*layers\\.1\\..*_proj" },
      layer(1, "self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj"),
    ],
    [{ target_modules: "q_proj" }, []],
    [{ target_modules: ["proj"] }, []],
    [{ target_modules: ["1.mlp.up_proj"] }, layer(1, "mlp.up_proj")],
    [{ target_modules: ["up_proj"], layers_to_transform: 1 }, layer(1, "mlp.up_proj")],
    [
      { target_modules: ["up_proj"], layers_to_transform: [10], layers_pattern: "layers" },
      layer(10, "mlp.up_proj"),
    ],
    [
      { target_modules: ["up_proj"], layers_to_transform: [1], layers_pattern: ["h", "blocks"] },
      [],
    ],
    [
      { target_modules: ["model.layers.0.mlp.up_proj"], layers_to_transform: [1] },
      layer(0, "mlp.up_proj"),
    ],
    [
      { target_modules: ["q_proj"], exclude_modules: ["0.self_attn.q_proj"] },
      [...layer(1, "self_attn.q_proj"), ...layer(10, "self_attn.q_proj")],
    ],
    [{ target_modules: ["q_proj"], exclude_modules: ".*\\.1.*" }, layer(0, "self_attn.q_proj")],
    [
      { target_modules: ["q_proj", "up_proj"], modules_to_save: ["mlp"], layers_to_transform: [0] },
      layer(0, "self_attn.q_proj"),
    ],
    [
      { target_modules: "(?P<a>model)\\.layers\\.(?:0|1)\\.mlp.*" },
      [...layer(0, "mlp.up_proj"), ...layer(1, "mlp.up_proj")],
    ],
  ])("%j", (settings, expected) => {
    expect(targetsOf(settings)).toEqual(expected);
  });

  test("refuses a regular expression that JavaScript reads in another sense", () => {
    for (const target_modules of ["(?x) q_proj", "[]q]_proj", "q_proj++", "(?>q)_proj", "("]) {
      expect(() => targetsOf({ target_modules }), target_modules).toThrow(ConfigError);
    }
  });
});

describe("shapeOf", () => {
  const settings: LoraSettings = {
    ...defaultSettings,
    r: 8,
    lora_alpha: 16,
    rank_pattern: { "1.self_attn.q_proj": 4, q_proj: 2, "^mlp": 6 },
    alpha_pattern: { "model.layers.0.*v_proj": 3 },
  };
  // Expected values: peft.utils.other.get_pattern_key of PEFT 0.21.2.
  test.each([
    ["model.layers.1.self_attn.q_proj", 4, 4],
    ["model.layers.0.self_attn.q_proj", 2, 8],
    ["model.layers.0.self_attn.v_proj", 8, 3 / 8],
    ["model.layers.0.mlp.up_proj", 8, 2],
  ])("%s: the first pattern that matches behind a dot", (name, rank, scale) => {
    expect(shapeOf(settings, name)).toEqual({ rank, scale });
  });

  test("rank-stabilized: by the root of the layer's own rank", () => {
    const { scale } = shapeOf({ ...settings, use_rslora: true }, "model.layers.1.self_attn.q_proj");
    expect(scale).toBe(16 / 2);
  });
});
