/** Commands for the user to copy into a shell. */
import { join, relative } from "node:path";

/** How the program is started from the working directory. */
export function programName(root: string, from = process.cwd()): string {
  const path = relative(from, join(root, "tunewright"));
  if (path === "tunewright") return "./tunewright";
  return path.startsWith("..") ? join(root, "tunewright") : path;
}

export { shellWord } from "../util/shellWord.js";
