/** Names of folders and files in the API: what a request says is a key of a table, never a path. */
import { createHash } from "node:crypto";

/** The id of a place on the disk: the same as long as it lies there. @param path the real path */
export function pathId(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 16);
}
