/** adapter_config.json: what is understood, and what is refused by its name. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FormatError } from "../util/errors.js";
import { readAdapterConfig } from "./configFile.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-config-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const plain = {
  peft_type: "LORA",
  task_type: "CAUSAL_LM",
  r: 4,
  lora_alpha: 8,
  target_modules: ["q_proj"],
};

function read(keys: Record<string, unknown>) {
  writeFileSync(path.join(work, "adapter_config.json"), JSON.stringify({ ...plain, ...keys }));
  return readAdapterConfig(work);
}

/** The message of the refusal. */
function refusal(keys: Record<string, unknown>): string {
  try {
    read(keys);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    const { message, why, todo } = error as FormatError;
    return [message, why, todo].join("\n");
  }
  return "";
}

describe("readAdapterConfig", () => {
  test("reads what PEFT 0.3 wrote", () => {
    const old = {
      base_model_name_or_path: "decapoda-research/llama-7b-hf",
      bias: "none",
      fan_in_fan_out: false,
      inference_mode: true,
      init_lora_weights: true,
      layers_pattern: null,
      layers_to_transform: null,
      lora_dropout: 0.05,
      modules_to_save: null,
      revision: null,
    };
    expect(read(old)).toMatchObject({ r: 4, lora_alpha: 8, lora_dropout: 0.05, use_rslora: false });
  });

  test("PEFT 0.2's enable_lora and merge_weights are off; Unsloth's mark says nothing", () => {
    const marked = { base_model_class: "LlamaForCausalLM", unsloth_fixed: true };
    expect(read({ enable_lora: null, merge_weights: false, auto_mapping: marked }).r).toBe(4);
  });

  test("null is false for switches, as in PEFT", () => {
    const off = { use_rslora: null, use_dora: null, lora_bias: null, ensure_weight_tying: null };
    expect(read(off)).toMatchObject({ use_rslora: false, use_dora: false, lora_bias: false });
  });

  test("a file of MLX, which has no peft_type, is called one", () => {
    expect(refusal({ peft_type: undefined, fine_tune_type: "lora" })).toMatch(
      /no peft_type\n.*MLX/,
    );
  });

  test.each([
    ["all-linear", "all-linear"],
    ["All-Linear", "all-linear"],
    [".*q_proj", ".*q_proj"],
    [null, ["q_proj", "v_proj"]],
  ])("target_modules %j are %j", (target_modules, expected) => {
    expect(read({ target_modules }).target_modules).toEqual(expected);
  });

  test.each([
    { layer_replication: [[0, 2]] },
    { target_parameters: ["mlp.experts.gate_up_proj"] },
    { alora_invocation_tokens: [5, 6] },
    { use_qalora: true },
    { use_bdlora: { nblocks: 2 } },
    { arrow_config: { top_k: 2 } },
    { kasa_config: { beta: 1 } },
    { monteclora_config: { num_samples: 8 } },
    { velora_config: { scale: 1 } },
    { megatron_config: { tp: 2 } },
    { enable_lora: [true, false, true] },
    { fan_in_fan_out: true },
    { task_type: "SEQ_CLS" },
    { peft_type: "IA3" },
    { init_lora_weights: "pissa_niter_16" },
    { init_lora_weights: "corda" },
    { init_lora_weights: "lora_ga" },
    { init_lora_weights: "loftq" },
    { init_lora_weights: "something new" },
    { a_key_of_tomorrow: 1 },
    { bias: "some" },
    { r: 0 },
    { rank_pattern: { q_proj: 2.5 } },
    { lora_bias: true, use_dora: true },
  ])("refuses %j by its name", (keys) => {
    const [key = ""] = Object.keys(keys);
    expect(refusal(keys)).toContain(key);
  });

  test.each([
    { init_lora_weights: "pissa_niter_16" },
    { init_lora_weights: "corda" },
    { init_lora_weights: "lora_ga" },
  ])("%j is to be converted by PEFT", (keys) => {
    expect(refusal(keys)).toContain("path_initial_model_for_weight_conversion");
  });

  test.each([
    ["true", true],
    ["gaussian", "gaussian"],
    ["orthogonal", "orthogonal"],
    ["eva", "eva"],
    ["mica", "mica"],
    ["pissa", "pissa"],
    ["olora", "olora"],
  ])("an adapter that began with %s is what its file holds", (_name, value) => {
    expect(read({ init_lora_weights: value }).init_lora_weights).toBe(value);
  });

  test("keys of variants that are off are like no keys", () => {
    const off = {
      use_qalora: false,
      qalora_group_size: 16,
      loftq_config: {},
      target_parameters: [],
    };
    expect(read({ ...off, layer_replication: null, use_bdlora: null }).r).toBe(4);
  });

  test("a file that is not an object, or not there", () => {
    writeFileSync(path.join(work, "adapter_config.json"), "[1]");
    expect(() => readAdapterConfig(work)).toThrow("is not a JSON object");
    expect(() => readAdapterConfig(path.join(work, "none"))).toThrow("cannot be read");
  });
});
