/** The loss on held-out rows. */
import type { TrainingData } from "../data/index.js";
import { tidy, zeros } from "../tensor/index.js";
import { unlessAsked } from "./interrupt.js";
import { withSplitting } from "./memory/index.js";
import type { TrainingParts } from "./trainingParts.js";

/**
 * Measures the loss on all rows of `data` and records it, with a warning where no row is left. The
 * host reads one value, when all of it is computed.
 */
export async function evaluate(data: TrainingData, parts: TrainingParts): Promise<void> {
  const { prepared, objective, pass, world, recorder, plan } = parts;
  const started = performance.now();
  const sum = zeros([], { dtype: "float64", device: prepared.model.device });
  try {
    let own = 0;
    for (let i = 0; i < data.microBatchesPerEpoch; i++) {
      const { sequences, skipped } = await unlessAsked(data.microBatch(i));
      recorder.leaveOut(skipped);
      if (sequences.length === 0) continue;
      await withSplitting(parts, () =>
        tidy(() => {
          sum.add_(objective.evaluationPass(prepared, sequences, { ...pass, lossFactor: 1 }));
        }),
      );
      own += objective.units(sequences);
    }
    world.sumTensor(sum);
    const [units] = (await world.sum([own])) as [number];
    if (units === 0) {
      recorder.warn("No row of eval_file is left to evaluate on.");
      return;
    }
    recorder.write({
      type: "evaluation",
      epoch: recorder.state.step / plan.stepsPerEpoch,
      eval_loss: sum.item() / units,
      samples: data.rows,
      labelled_tokens: units,
      seconds: (performance.now() - started) / 1000,
    });
  } finally {
    sum.dispose();
  }
}
