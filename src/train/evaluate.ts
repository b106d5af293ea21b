/** The loss on held-out rows. */
import type { TrainingData } from "../data/index.js";
import { tidy, zeros } from "../tensor/index.js";
import { TunewrightError } from "../util/errors.js";
import { howToGoOn } from "./checkpoint/index.js";
import { unlessAsked } from "./interrupt.js";
import { withSplitting } from "./memory/index.js";
import type { TrainingParts } from "./trainingParts.js";

/**
 * Measures the loss on all rows of `data` and records it, with a warning where no row is left. The
 * host reads one value, when all of it is computed.
 *
 * @returns the loss; nothing where no row is left
 * @throws TunewrightError where it is not finite
 */
export async function evaluate(
  data: TrainingData,
  parts: TrainingParts,
): Promise<number | undefined> {
  const { prepared, objective, pass, world, recorder, plan, config } = parts;
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
      return undefined;
    }
    const loss = sum.item() / units;
    recorder.write({
      type: "evaluation",
      epoch: recorder.state.step / plan.stepsPerEpoch,
      eval_loss: loss,
      samples: data.rows,
      labelled_tokens: units,
      seconds: (performance.now() - started) / 1000,
    });
    if (Number.isFinite(loss)) return loss;
    throw new TunewrightError(`step ${recorder.state.step}: the held-out loss is ${loss}`, {
      why: "the model gives no number for some of these rows, as after a step that was too large",
      todo: `check the rows, or lower learning_rate; ${howToGoOn(config.output_dir)}`,
    });
  } finally {
    sum.dispose();
  }
}
