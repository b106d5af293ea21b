/** Places in files, named as shortly as is clear. */
import { basename } from "node:path";

export type Place = { file: string; line: number };
export type Places = (place: Place) => string;

/** A file's own name is enough where no other file has it. */
export function placeNames(files: readonly { file: string }[]): Places {
  const seen = new Map<string, number>();
  for (const { file } of files) seen.set(basename(file), (seen.get(basename(file)) ?? 0) + 1);
  return ({ file, line }) => {
    const name = basename(file);
    return `${seen.get(name) === 1 ? name : file}:${line}`;
  };
}
