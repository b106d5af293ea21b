/** Why a path does not lead anywhere, where it is a link's fault. */
import { lstatSync, readlinkSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Names the part of a path that is a link to nothing, or one that leads back to itself.
 *
 * @returns nothing where no link is at fault
 */
export function brokenLink(path: string): string | undefined {
  const parts: string[] = [];
  for (let at = resolve(path); at !== dirname(at); at = dirname(at)) parts.unshift(at);
  for (const part of parts) {
    try {
      if (!lstatSync(part, { throwIfNoEntry: false })?.isSymbolicLink()) continue;
      statSync(part);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ELOOP") return `${part} is a link that leads back to itself`;
      if (code === "ENOENT") {
        return `${part} is a link to ${readlinkSync(part)}, which does not exist`;
      }
      return undefined;
    }
  }
  return undefined;
}
