/** First values of new adapters, as PEFT draws them. */
import { empty, type Generator, linalgQr, type Tensor, tidy, zeros } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import { takesPart } from "./configFile.js";
import type { InitialWeights } from "./settings.js";

/** A [rank, in] and B [out, rank] of a linear layer. */
export interface FirstValues {
  a: Tensor;
  b: Tensor;
}

/** Sizes of a layer and its adapter. */
export interface AdapterShape {
  rank: number;
  inFeatures: number;
  outFeatures: number;
}

/**
 * `true`: A uniform in ±1/sqrt(in), B zero. `gaussian`: A normal with deviation 1/rank, B zero.
 * `false`: both uniform. `orthogonal`: rows of one orthogonal matrix in both.
 *
 * @throws ConfigError for another way of beginning
 */
export function firstValues(
  beginning: InitialWeights,
  { rank, inFeatures, outFeatures }: AdapterShape,
  generator: Generator,
): FirstValues {
  const uniform = (shape: number[], bound: number) => {
    return empty(shape, { dtype: "float32" }).uniform_(-bound, bound, { generator });
  };
  const [down, up] = [
    [rank, inFeatures],
    [outFeatures, rank],
  ] as const;
  const bound = 1 / Math.sqrt(inFeatures);
  switch (beginning) {
    case true:
      return { a: uniform([...down], bound), b: zeros([...up], { dtype: "float32" }) };
    case false:
      return { a: uniform([...down], bound), b: uniform([...up], 1 / Math.sqrt(rank)) };
    case "gaussian":
      return {
        a: empty([...down], { dtype: "float32" }).normal_(0, 1 / rank, { generator }),
        b: zeros([...up], { dtype: "float32" }),
      };
    case "orthogonal":
      return orthogonal({ rank, inFeatures, outFeatures }, generator);
    default:
      throw new ConfigError(`init_lora_weights ${beginning} cannot begin a new adapter`, {
        todo: "use true, false, gaussian, orthogonal, pissa or olora",
      });
  }
}

/**
 * Whether a layer can begin so, before anything is made.
 *
 * @param shape of its weight, [out, in]
 * @throws ConfigError saying why not
 */
export function checkBeginning(
  beginning: InitialWeights,
  rank: number,
  shape: readonly number[],
): void {
  if (takesPart(beginning) && rank > Math.min(...shape)) {
    throw new ConfigError(`init_lora_weights ${beginning} with rank ${rank}`, {
      why: `a layer's weight is only ${shape.join(" x ")}`,
      todo: "use a smaller rank, or give this layer one in rank_pattern",
    });
  }
  if (beginning === "orthogonal" && rank % 2 !== 0) {
    throw new ConfigError(`init_lora_weights orthogonal needs an even rank, not ${rank}`, {
      why: "rows of one matrix are divided evenly between both of the adapter's",
      todo: "use another rank, or another init_lora_weights",
    });
  }
}

/** Odd rows of an orthogonal matrix in A, even ones in B, so that their product begins at zero. */
function orthogonal(
  { rank, inFeatures, outFeatures }: AdapterShape,
  generator: Generator,
): FirstValues {
  const normal = (rows: number, columns: number) =>
    empty([rows, columns], { dtype: "float32" }).normal_(0, 1, { generator });
  return tidy(() => {
    const [q] = linalgQr(normal(rank, rank));
    const pairs = q.view([rank / 2, 2, rank]);
    const [odd, even] = [pairs.select(1, 0), pairs.select(1, 1)];
    return {
      a: normal(inFeatures, rank / 2)
        .matmul(odd)
        .transpose(0, 1)
        .div(10)
        .contiguous(),
      b: normal(outFeatures, rank / 2)
        .matmul(even)
        .div(10),
    };
  });
}
