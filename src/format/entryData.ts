/** The values of one tensor on their way into a file. */
import { FormatError } from "../util/errors.js";
import { releaseBytes } from "../util/releaseBytes.js";

/** What is written of a tensor, whatever the form of the file. */
interface EntryData {
  name: string;
  shape: readonly number[];
  data: () => Iterable<Uint8Array> | Uint8Array;
}

/**
 * Writes a tensor's values, and lets go of each piece that a tensor's `bytes()` gave.
 *
 * @param expected bytes that type and shape come to
 * @param type as the file names it
 * @throws FormatError when there are more or fewer
 */
export function writeEntryData(
  path: string,
  { name, shape, data }: EntryData,
  expected: number,
  type: string,
  write: (piece: Uint8Array) => void,
): void {
  let written = 0;
  const given = data();
  for (const piece of given instanceof Uint8Array ? [given] : given) {
    written += piece.length;
    if (written > expected) break;
    write(piece);
    releaseBytes(piece);
  }
  if (written === expected) return;
  const more = written > expected ? " or more" : "";
  throw new FormatError(
    `${path}: \`${name}\` should have ${expected} bytes, its data gave ${written}${more}`,
    { why: `its shape is [${shape}] of ${type}` },
  );
}
