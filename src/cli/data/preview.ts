/** `tunewright data preview`: shows conversations as the model sees them, and what it is trained on. */
import type { Command } from "commander";
import { camelOptions } from "./options.js";
import { declarePreview, type PreviewFlags } from "./preview/flags.js";

/** As commander has it: `true` for `--packed` without a number. */
type GivenFlags = Omit<PreviewFlags, "packed"> & { packed?: number | true };

export function registerPreview(command: Command): void {
  declarePreview(command);
  command.action(async (files: string[]) => {
    const { runPreview } = await import("./preview/runPreview.js");
    const { packed, ...flags } = camelOptions(command.opts<GivenFlags>());
    const number = packed === true ? 0 : packed;
    await runPreview(files, number === undefined ? flags : { ...flags, packed: number });
  });
}
