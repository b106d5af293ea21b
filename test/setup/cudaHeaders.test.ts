/** The addon must build against every torch wheel: those for the CPU come without CUDA's own headers. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL("../../native", import.meta.url));

test("no file of the addon includes a header of CUDA, or of libtorch's that includes one", () => {
  const including = readdirSync(folder)
    .filter((name) => /\.(cpp|h)$/.test(name))
    .filter((name) =>
      /#include\s*[<"](cuda|cublas|driver_types|ATen\/cuda|c10\/cuda|torch\/cuda)/.test(
        readFileSync(`${folder}/${name}`, "utf8"),
      ),
    );
  expect(including).toEqual([]);
});
