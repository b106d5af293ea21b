/** What the user wants to bring along: models and data. */
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { ConfigError } from "../../util/errors.js";
import type { Piece } from "./pieces.js";

/** Models by directory, .gguf file or name of the hub, which are downloaded where they are not here. */
export async function modelPieces(names: readonly string[]): Promise<Piece[]> {
  const { fetchModel } = await import("../../hub/index.js");
  const pieces: Piece[] = [];
  for (const name of names) {
    const from = await fetchModel(name);
    const to = `models/${placeOf(name)}`;
    // Weights, tokenizer, configuration; not a trainer's checkpoints, nor hidden files.
    const keep = (path: string) => !/(^|\/)(\.|checkpoint-\d+\/)/.test(path);
    pieces.push({ from, to, keep });
  }
  return refuseSameNames(pieces, "--model");
}

/** Data files and folders. */
export function dataPieces(names: readonly string[]): Piece[] {
  const pieces = names.map((name) => {
    const from = resolve(name);
    if (!existsSync(from)) {
      throw new ConfigError(`--data ${name}: no such file or folder`);
    }
    return { from, to: `data/${basename(from)}`, keep: (path: string) => !/(^|\/)\./.test(path) };
  });
  return refuseSameNames(pieces, "--data");
}

/** `OWNER/NAME` stays as it is; of a path, the last part. */
function placeOf(name: string): string {
  return existsSync(name) || /^(hf|https?):/.test(name) ? basename(resolve(name)) : name;
}

function refuseSameNames(pieces: Piece[], flag: string): Piece[] {
  const places = new Set<string>();
  for (const { from, to } of pieces) {
    if (places.has(to)) {
      throw new ConfigError(`${flag} ${from}: the bundle has ${to} already`, {
        todo: "rename one of the two",
      });
    }
    places.add(to);
  }
  return pieces;
}
