/**
 * What one optimizer step asks of libtorch, counted at the border. On an accelerator each read by
 * the host waits for all work so far, and each upload and call costs time in which it may be idle.
 */
import { rmSync } from "node:fs";
import { expect, it } from "vitest";
import { type CallCounts, countCalls, full } from "../tensor/index.js";
import { trainLoop } from "./loop.js";
import { crossEntropy } from "./objectives/crossEntropy.js";
import type { Objective } from "./objectives/objective.js";
import { type TestRunOptions, testRun } from "./testRun.js";

/** Counts of a step: those of a run of seven steps less those of a run of six, events included. */
async function countStep(options: TestRunOptions, objective?: Objective): Promise<CallCounts> {
  const counted: CallCounts[] = [];
  for (const steps of [6, 7]) {
    const config = { ...options.config, max_steps: steps, lr_scheduler_type: "constant" };
    const run = testRun({ ...options, config });
    if (objective) run.parts.objective = objective;
    const { counts, stop } = countCalls();
    try {
      await trainLoop(run.parts);
    } finally {
      stop();
      run.close();
      rmSync(run.directory, { recursive: true });
    }
    counted.push(counts);
  }
  const [fewer, more] = counted as [CallCounts, CallCounts];
  const operators = Object.entries(more.operators)
    .map(([name, count]) => [name, count - (fewer.operators[name] ?? 0)] as const)
    .filter(([, count]) => count !== 0)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    operators: Object.fromEntries(operators),
    calls: more.calls - fewer.calls,
    uploads: more.uploads - fewer.uploads,
    reads: more.reads - fewer.reads,
  };
}

/** An objective that costs one operator, so that what is left is the loop's own. */
const constant: Objective = {
  units: () => 1,
  trainingPass: () => full([], 1, { dtype: "float32" }),
  evaluationPass: () => full([], 1, { dtype: "float32" }),
};

it("around the passes of a step there is one read and no upload", async () => {
  expect(await countStep({}, constant)).toMatchInlineSnapshot(`
    {
      "calls": 29,
      "operators": {
        "_fused_adamw_": 1,
        "add": 1,
        "add_": 3,
        "cat": 1,
        "clamp_": 1,
        "full": 2,
        "isfinite": 2,
        "linalg_vector_norm": 2,
        "logical_and": 1,
        "logical_not": 1,
        "mul_": 2,
        "narrow": 2,
        "ones_like": 1,
        "reciprocal": 1,
        "stack": 1,
        "sub_": 1,
        "to": 1,
        "view": 1,
        "zero_": 1,
        "zeros": 2,
        "zeros_like": 1,
      },
      "reads": 1,
      "uploads": 0,
    }
  `);
});

it("so it is with loss scaling", async () => {
  const scaled = await countStep({ lossScale: { value: 1024, goodSteps: 0 } }, constant);
  expect(scaled).toMatchObject({ reads: 1, uploads: 0, calls: 31 });
  expect(scaled.operators).toMatchObject({ _amp_update_scale_: 1 });
});

it("a whole step has one read, and one upload for each of its micro-batches", async () => {
  expect(await countStep({})).toEqual({
    reads: 1,
    uploads: 2,
    calls: 1617,
    operators: {
      _fused_adamw_: 1,
      _scaled_dot_product_flash_attention_for_cpu: 8,
      _scaled_dot_product_flash_attention_for_cpu_backward: 8,
      add: 1,
      add_: 123,
      addcmul_: 32,
      addmm_: 28,
      cat: 47,
      clamp_: 1,
      contiguous: 48,
      copy_: 46,
      div_: 26,
      embedding: 2,
      empty: 40,
      exp_: 2,
      expand: 32,
      gather: 2,
      index_add_: 4,
      index_select: 6,
      isfinite: 2,
      linalg_vector_norm: 28,
      linear: 32,
      log_softmax: 2,
      logical_and: 1,
      logical_not: 1,
      matmul: 104,
      mean: 8,
      mul: 90,
      mul_: 66,
      narrow: 378,
      neg: 10,
      ones_like: 3,
      permute: 48,
      pow: 26,
      reciprocal: 1,
      rsqrt: 26,
      scatter_add_: 2,
      silu: 8,
      silu_backward: 4,
      stack: 1,
      sub_: 3,
      sum: 18,
      to: 47,
      transpose: 150,
      unsqueeze: 32,
      view: 57,
      zero_: 1,
      zeros: 8,
      zeros_like: 3,
    },
  });
});

it("the host asks for no more where values are computed again", async () => {
  const objective: Objective = {
    ...crossEntropy,
    trainingPass: (prepared, sequences, gradients, settings) =>
      crossEntropy.trainingPass(prepared, sequences, gradients, { ...settings, keepBytes: 0 }),
  };
  expect(await countStep({}, objective)).toMatchObject({ reads: 1, uploads: 2 });
});
