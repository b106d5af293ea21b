/** What the user wants to bring along: models and data. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { pickledWeights } from "../../format/index.js";
import { locateModel, type ModelPlace, tokenizerHome } from "../../generate/index.js";
import { parseRepositoryName } from "../../hub/index.js";
import { openModelWeights } from "../../models/index.js";
import { loadTokenizer } from "../../text/index.js";
import { builtinModelName } from "../../util/builtin-model.js";
import { ConfigError } from "../../util/errors.js";
import { adapterWeights } from "../../util/weightFiles.js";
import { filesOfPiece, type Piece } from "./pieces.js";

/** Hidden files, a trainer's checkpoints, and weights in forms that are not read. */
const notOfModel = /(^|\/)(\.|checkpoint-\d+\/)|\.(bin|pt|pth|ckpt|h5|msgpack|ot|onnx|onnx_data)$/;
const hidden = /(^|\/)\./;

/**
 * Models by directory, .gguf file or name of the hub, which are downloaded where they are not here. An
 * adapter brings its base model along, and says in the bundle where that lies.
 *
 * @param builtin whether the built-in model is in the bundle
 * @throws ConfigError, FormatError for one that could not be loaded on the other machine
 */
export async function modelPieces(names: readonly string[], builtin: boolean): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for (const name of names) {
    const place = await locateModel(name);
    await refuseUnreadable(place);
    const adapter = place.adapters.at(-1);
    if (place.name === builtinModelName) {
      if (!builtin) throw builtinLeftOut(name);
    } else pieces.push({ from: place.path, to: `models/${placeOf(place.name)}` });
    if (adapter === undefined) continue;
    const to = `models/${placeOf(name)}`;
    pieces.push({ from: adapter, to, ...baseFrom(adapter, dirname(to), place) });
  }
  return onePiecePerPlace(pieces, "--model").map((piece) => {
    const read = pickledWeights(piece.from);
    const keep = (path: string) => read.includes(path) || !notOfModel.test(path);
    return { ...piece, keep, isUsers: true };
  });
}

function builtinLeftOut(name: string): ConfigError {
  return new ConfigError(`--model ${name} needs the built-in model, which is left out`, {
    todo: "leave out --no-builtin-model",
  });
}

/** Opens all that a run would open: a missing shard or tokenizer is better known here than there. */
async function refuseUnreadable(place: ModelPlace): Promise<void> {
  openModelWeights(place.path).close();
  for (const adapter of place.adapters) {
    if (adapterWeights.some((name) => existsSync(join(adapter, name)))) continue;
    throw new ConfigError(`${adapter}: has no ${adapterWeights[0]}`, {
      todo: "check the path, or copy the adapter again",
    });
  }
  await loadTokenizer(tokenizerHome(place));
}

/** The adapter's configuration as it must be in the bundle: the base model's path from the adapter's folder. */
function baseFrom(adapter: string, folder: string, { name }: ModelPlace): Pick<Piece, "texts"> {
  const file = "adapter_config.json";
  const config = JSON.parse(readFileSync(join(adapter, file), "utf8")) as Record<string, unknown>;
  const base = relative(folder, `models/${placeOf(name)}`);
  if (name === builtinModelName || config.base_model_name_or_path === base) return {};
  const text = { ...config, base_model_name_or_path: base, revision: null };
  return { texts: { [file]: `${JSON.stringify(text, null, 2)}\n` } };
}

/** Data files and folders. */
export function dataPieces(names: readonly string[]): Piece[] {
  const pieces = names.map((name) => {
    const from = resolve(name);
    if (!existsSync(from)) {
      throw new ConfigError(`--data ${name}: no such file or folder`, { todo: "check the path" });
    }
    const to = `data/${basename(from)}`;
    return { from, to, keep: (path: string) => !hidden.test(path), isUsers: true };
  });
  return onePiecePerPlace(pieces, "--data");
}

/** `OWNER/NAME` of the hub stays as it is; of a path, the last part. */
function placeOf(name: string): string {
  if (existsSync(name)) return basename(resolve(name));
  const repository = parseRepositoryName(name, "model");
  return repository?.path === "" ? repository.name : basename(name);
}

function onePiecePerPlace(pieces: readonly Piece[], flag: string): Piece[] {
  const places = new Map<string, Piece>();
  for (const piece of pieces) {
    const other = places.get(piece.to);
    if (other && resolve(other.from) !== resolve(piece.from)) {
      throw new ConfigError(`${flag} ${piece.from}: the bundle has ${piece.to} already`, {
        why: `it is ${other.from}`,
        todo: "rename one of the two",
      });
    }
    places.set(piece.to, piece);
  }
  return [...places.values()];
}

/** A line for each piece of which something stays here, or is another in the bundle. */
export function describeChanges(pieces: readonly Piece[]): string[] {
  return pieces.flatMap(({ keep, texts = {}, ...piece }) => {
    // A file that was named itself has no path inside the piece, and goes along whatever its name.
    const left = keep ? filesOfPiece({ ...piece, keep: (path) => !keep(path) }) : [];
    const names = left.map(({ to }) => relative(piece.to, to)).filter(Boolean);
    const some = names.slice(0, 3).join(", ") + (names.length > 3 ? `, … (${names.length})` : "");
    const changed = Object.keys(texts).map(
      (name) => `${piece.to}/${name} names the base model as it lies in the bundle`,
    );
    return names.length > 0 ? [`left out of ${piece.to}: ${some}`, ...changed] : changed;
  });
}
