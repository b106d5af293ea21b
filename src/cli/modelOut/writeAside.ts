/** A model is written aside first, so that it is whole or absent. */
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { type Output, putInPlace, refuseFullDisk, temporaryFolder } from "../wholeOutput.js";

/** Room beside the weights: tokenizer, names, padding. */
const OTHER_BYTES = 64e6;

/**
 * Writes an output and puts it in its place; where `fill` fails, nothing is left of it.
 *
 * @param bytes of the weights, for which the disk must have room
 * @param fill makes the file or folder under the path that it gets
 * @throws EnvironmentError where the disk has not
 */
export async function writeAside(
  output: Output,
  bytes: number,
  fill: (aside: string) => void | Promise<void>,
): Promise<void> {
  const temporary = temporaryFolder(output);
  try {
    refuseFullDisk(temporary, bytes + OTHER_BYTES, "the model");
    const aside = join(temporary, basename(output.path));
    await fill(aside);
    putInPlace(aside, output);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
