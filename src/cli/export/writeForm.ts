/** What the forms of an export have in common. */
import type { ModelPlace } from "../../generate/index.js";
import type { GgufFileType } from "../../models/index.js";
import type { ModelOutFlags } from "../modelOut/options.js";

/** Options of the command. */
export interface ExportFlags extends ModelOutFlags {
  to: string;
  /** The family that it is written as, if not its own. */
  as?: "llama";
  /** Whether adapters go into the weights; a file of their own only for Ollama. */
  merge?: boolean;
  /** Type of a GGUF file. */
  type?: GgufFileType;
}

/** What was written, for `--json` and for people. */
export interface ExportReport {
  out: string;
  /** Lines of the report, the first about `out`. */
  lines: readonly string[];
  /** Keys of the JSON object. */
  json: Readonly<Record<string, unknown>>;
}

/**
 * Writes a model in one form.
 *
 * @param say for what happens and should be known, a line each
 */
export type WriteForm = (
  place: ModelPlace,
  flags: ExportFlags,
  say: (line: string) => void,
) => Promise<ExportReport>;
