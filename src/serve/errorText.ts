/** Errors as texts of answers that succeed all the same. */
import { TunewrightError } from "../util/errors.js";
import { lineOf, withoutPaths } from "./http/index.js";

/** What, why and what to do in a line, without paths of the server. */
export function errorText(error: unknown): string {
  if (error instanceof TunewrightError) return lineOf(error);
  return withoutPaths(error instanceof Error ? error.message : String(error));
}
