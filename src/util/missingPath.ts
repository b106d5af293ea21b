/** Why a path does not lead anywhere, where it is a link's fault. */
import { lstatSync, readlinkSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** What a path leads to; nothing where it leads nowhere, also by a link back to itself. */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ELOOP") return undefined;
    throw error;
  }
}

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
