/** What is prepared of weights once: that of a base for all that share it, that of adapters for each alone. */
import { type CausalLanguageModel, modelParameters } from "../../models/index.js";
import { isStored, type PreparedWeights, prepareWeights } from "../../nn/index.js";

/** Whose weights are prepared for all that share a base: its parameters, and rows that stay as stored. */
export function weightOwners(model: CausalLanguageModel): ReadonlySet<object> {
  const linears = model.branches.flatMap(({ linears }) => Object.values(linears));
  const { output } = model;
  return new Set<object>([
    output,
    ...modelParameters(model),
    ...linears.flatMap((linear) => (isStored(linear) ? [linear.rows] : [])),
    ...(output.stored ? [output.stored.rows] : []),
  ]);
}

/**
 * Prepared weights of a model that shares a base.
 *
 * @param shared those of the base, which stay when these are disposed
 */
export function overShared(shared: PreparedWeights, owners: ReadonlySet<object>): PreparedWeights {
  const own = prepareWeights(Number.POSITIVE_INFINITY, false);
  const of = (owner: object) => (owners.has(owner) ? shared : own);
  return {
    isTraining: false,
    cast: (source, dtype) => of(source).cast(source, dtype),
    make: (owner, dtype, frozen, compute) => of(owner).make(owner, dtype, frozen, compute),
    close() {
      own.close();
      shared.close();
    },
    letNothingStay: () => own.letNothingStay(),
    get passingBytes() {
      return own.passingBytes;
    },
    get stayingBytes() {
      return own.stayingBytes;
    },
    dispose: () => own.dispose(),
  };
}
