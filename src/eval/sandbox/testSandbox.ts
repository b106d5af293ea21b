/** The sandbox for tests; machines that have no level that holds are tested for their refusal only. */
import { EnvironmentError } from "../../util/errors.js";
import { openSandbox } from "./open.js";
import type { Sandbox, SandboxLevel } from "./types.js";

const levels: readonly SandboxLevel[] = ["namespaces", "landlock"];

/** One sandbox for each level that holds here. */
export async function sandboxes(): Promise<Sandbox[]> {
  const opened = await Promise.all(
    levels.map(async (level) => {
      try {
        return [await openSandbox({ levels: [level] })];
      } catch (error) {
        if (error instanceof EnvironmentError) return [];
        throw error;
      }
    }),
  );
  return opened.flat();
}
