/** What should be known of adapters on a mixture of experts. */
import type { CausalLanguageModel, ModelBranch } from "../models/index.js";
import type { Linear } from "../nn/index.js";
import { lastName } from "./targets.js";
import { unitsOf } from "./units.js";

/** Elements of the trained adapters of a layer. */
function trainedAdapters(linear: Linear): number {
  const parameters = unitsOf(linear).flatMap(({ adapters }) =>
    adapters.flatMap(({ a, b }) => [a, b]),
  );
  return parameters.reduce((sum, { trainable, tensor }) => sum + (trainable ? tensor.numel : 0), 0);
}

/**
 * A line where adapters on experts are most of what is trained: there are many more of them than of
 * other layers, and few mean that.
 *
 * @param model or its description, with its adapters
 */
export function expertNotes({ branches }: CausalLanguageModel): string[] {
  const sumOf = (counts: (branch: ModelBranch, role: string) => boolean) =>
    branches.reduce(
      (total, branch) =>
        Object.entries(branch.linears).reduce(
          (sum, [role, linear]) => sum + (counts(branch, role) ? trainedAdapters(linear) : 0),
          total,
        ),
      0,
    );
  const all = sumOf(() => true);
  const inExperts = sumOf(({ experts }, role) => experts?.roles.has(role) ?? false);
  if (inExperts <= all / 2) return [];
  const attention = branches.filter((branch) => branch.attention !== null);
  const names = attention.flatMap(({ linears }) =>
    Object.values(linears).flatMap(({ parts }) => parts.map(({ name }) => lastName(name))),
  );
  const number = (count: number) => count.toLocaleString("en");
  return [
    `${number(inExperts)} of the adapters' ${number(all)} weights lie on experts. lora_target ${[...new Set(names)].join(",")} leaves experts as they are.`,
  ];
}
