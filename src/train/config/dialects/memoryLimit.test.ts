/** axolotl's limit on a GPU's memory, as max_memory. */
import { expect, it } from "vitest";
import { memoryBytes } from "../../memory/index.js";
import { axolotl } from "./axolotl.js";
import { translate } from "./translate.js";

it("a number counts GiB, and a size is what it says", () => {
  const sizes = [20, "20", "20GiB", "15GB", "500MB"].map((value) => {
    const { entries } = translate(axolotl, [
      { key: "gpu_memory_limit", value, where: "gpu_memory_limit" },
    ]);
    const limit = entries.find(({ key }) => key === "max_memory")?.value;
    return memoryBytes(limit as string, () => 0);
  });
  expect(sizes).toEqual([20 * 2 ** 30, 20 * 2 ** 30, 20 * 2 ** 30, 15e9, 500e6]);
});
