/** Strings as Python sees them, where JavaScript differs. */
import { spaceClass, stripEnd, stripStart } from "../../util/codePoints.js";

/** `str.strip()`; unlike `trim`, it takes \x1c to \x1f and \x85, and leaves U+FEFF. */
export function strip(text: string): string {
  return stripStart(stripEnd(text));
}

/** `str.split()` */
export function splitWords(text: string): string[] {
  return text.split(new RegExp(`[${spaceClass}]+`)).filter((word) => word !== "");
}
