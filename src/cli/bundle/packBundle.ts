/** From options to a finished bundle: gather the pieces, copy them, list them, put them in place. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { builtinModelPath } from "../../util/builtin-model.js";
import { EnvironmentError } from "../../util/errors.js";
import { packageRoot, packageVersion } from "../../util/packageRoot.js";
import { showBytes } from "../../util/showBytes.js";
import { readRuntime } from "../machine.js";
import { type Output, putInPlace, refuseFullDisk, temporaryFolder } from "../wholeOutput.js";
import { type Engine, engineHere, enginePieces, relocatedAddon } from "./engine.js";
import { type Manifest, takeInventory } from "./manifest.js";
import { portableNode } from "./nodeBinary.js";
import { checkBuild, otherEngine } from "./otherEngine.js";
import { chooseOutput, stopArchiver, writeArchive } from "./output.js";
import { copyPieceFile, filesOfPiece, type Piece } from "./pieces.js";
import { loadSetupScripts, type SetupFailure, type SetupScripts } from "./setupScripts.js";
import { findSources, type SourceFiles } from "./sources.js";
import { dataPieces, describeChanges, modelPieces } from "./userPieces.js";

export interface BundleOptions {
  out: string;
  force: boolean;
  /** Models besides the built-in one: directories, .gguf files, names of the hub. */
  models: readonly string[];
  /** Data files or folders. */
  data: readonly string[];
  /** Build of torch (`cpu`, `cu130`, …) instead of this checkout's. */
  torch?: string;
  node: boolean;
  builtinModel: boolean;
  say: (line: string) => void;
}

export interface BundleReport {
  path: string;
  /** Size of the archive, or of all files of the folder. */
  bytes: number;
  files: number;
  /** SHA-256 of the archive; of a folder, of its manifest. */
  sha256: string;
  /** Folder that the archive unpacks to. */
  folder: string;
  torch: string;
  glibc: string;
  node: string | null;
  models: readonly string[];
  data: readonly string[];
}

/**
 * @throws ConfigError for options that cannot be met, before anything is written
 * @throws EnvironmentError where the disk is full, or something cannot be fetched
 */
export async function packBundle(options: BundleOptions): Promise<BundleReport> {
  if (options.torch !== undefined) checkBuild(options.torch);
  const output = chooseOutput(options.out, options.force);
  const models = await modelPieces(options.models, options.builtinModel);
  const data = dataPieces(options.data);
  for (const line of describeChanges([...models, ...data])) options.say(line);
  const setup = await loadSetupScripts();
  const temporary = temporaryFolder(output);
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  const onSignal = async () => {
    stopArchiver();
    await setup.stopChildren();
    remove();
    process.exit(130);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await pack({ ...options, models, data }, output, temporary, setup);
  } catch (error) {
    if (isFullDisk(error)) throw fullDisk(output, error);
    throw isSetupError(error) ? plainFailure(error, options.say) : error;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
    remove();
  }
}

/** The disk ran full under this process, or under a program that said so. */
function isFullDisk(error: unknown): boolean {
  if (isSetupError(error)) return /No space left on device/.test(error.output ?? "");
  return error instanceof Error && "code" in error && error.code === "ENOSPC";
}

const isSetupError = (error: unknown): error is SetupFailure =>
  error instanceof Error && error.name === "SetupError";

/** A failure of a script of set-up in the words of commands; the program's last lines stand before it. */
function plainFailure(error: SetupFailure, say: (line: string) => void): EnvironmentError {
  if (error.output) say(error.output);
  const { why, todo } = error;
  return new EnvironmentError(error.message, {
    ...(why ? { why } : {}),
    ...(todo ? { todo } : {}),
    cause: error,
  });
}

function fullDisk(output: Output, cause: unknown): EnvironmentError {
  return new EnvironmentError("the disk is full", {
    why: `it ran full while ${output.path} was being written`,
    todo: "free some space, or choose an --out on another disk; nothing was left behind",
    cause,
  });
}

type Gathered = Omit<BundleOptions, "models" | "data"> & { models: Piece[]; data: Piece[] };

async function pack(
  options: Gathered,
  output: Output,
  temporary: string,
  setup: SetupScripts,
): Promise<BundleReport> {
  const { say } = options;
  const scratch = join(temporary, "scratch");
  mkdirSync(scratch);
  const made = sourceState(setup);
  const engine = options.torch
    ? await otherEngine(options.torch, scratch, setup, say)
    : engineHere();
  const sources = findSources(packageRoot());
  tellOmissions(sources, say);
  const node = options.node ? portableNode(join(scratch, "node")) : undefined;
  if (options.node && node === undefined) {
    say("Node.js is left out: this one needs libraries of this system, and npm has no other here");
  }
  const pieces = [
    ...sources.names.map((name) => ({ from: join(packageRoot(), name), to: name })),
    ...programPieces(setup, options.builtinModel),
    ...enginePieces(engine, setup),
    ...(node ? [{ from: node, to: `bundle/${setup.PARTS.node}` }] : []),
    ...options.models,
    ...options.data,
  ];
  const files = pieces.flatMap(filesOfPiece);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  refuseFullDisk(temporary, output.form === "folder" ? bytes : bytes * 1.6, "the bundle");
  const name = folderName(output, setup, engine);
  const tree = join(temporary, name);
  say(`copying ${files.length} files, ${showBytes(bytes)} …`);
  for (const file of files) await copyPieceFile(file, tree);
  refuseOtherSources(made, sourceState(setup));
  const addons = writeAddons(tree, engine, setup);
  writePackageRecord(tree, setup);
  say("listing them …");
  const inventory = await takeInventory(tree);
  const paths = (list: Piece[]) => list.map((piece) => piece.to);
  const manifest: Manifest = {
    format: setup.BUNDLE_FORMAT,
    tunewright: packageVersion(),
    commit: sources.commit,
    made: new Date().toISOString(),
    system: process.platform,
    arch: process.arch,
    glibc: inventory.glibc,
    node: { version: process.versions.node, packed: node !== undefined },
    torch: engine.torch,
    bitsandbytes: { version: engine.bitsandbytes.version },
    addons,
    dist: setup.sourceHash(packageRoot()),
    builtinModel: options.builtinModel,
    models: paths(options.models),
    data: paths(options.data),
    files: inventory.files,
  };
  writeFileSync(
    join(tree, "bundle", setup.PARTS.manifest),
    `${JSON.stringify(manifest, null, 1)}\n`,
  );
  const finished = await finish(tree, output, temporary, say);
  const sha256 = setup.sha256(finished.hashed);
  putInPlace(finished.path, output);
  return {
    path: output.path,
    bytes: finished.bytes ?? inventory.bytes,
    files: Object.keys(inventory.files).length,
    sha256,
    folder: name,
    torch: engine.torch.version,
    glibc: inventory.glibc,
    node: node ? process.versions.node : null,
    models: manifest.models,
    data: manifest.data,
  };
}

/** What the compiled parts are made from. */
function sourceState(setup: SetupScripts): string {
  const root = packageRoot();
  const small = setup.smallAddons.map((addon) => setup.smallAddonKey(root, addon));
  return [setup.sourceHash(root), setup.addonKey(root, ""), ...small].join(" ");
}

function refuseOtherSources(before: string, after: string): void {
  if (before === after) return;
  throw new EnvironmentError("the sources have changed while they were packed", {
    why: "the compiled parts would not be those of the sources, and the other machine may have no compiler",
    todo: "leave src/ and native/ as they are meanwhile, and run the same command again",
  });
}

async function finish(
  tree: string,
  output: Output,
  temporary: string,
  say: (line: string) => void,
) {
  if (output.form === "folder") return { path: tree, hashed: join(tree, "bundle/manifest.json") };
  const file = join(temporary, "archive");
  say(output.form === "gzip" ? "compressing (some minutes) …" : "writing the archive …");
  await writeArchive(temporary, basename(tree), file, output.form === "gzip");
  return { path: file, hashed: file, bytes: statSync(file).size };
}

function folderName(output: Output, setup: SetupScripts, { torch }: Engine): string {
  if (output.form === "folder") return basename(output.path);
  const { system, arch } = setup.thisMachine();
  const build = torch.cudaVersion ? `cu${torch.cudaVersion.replace(".", "")}` : "cpu";
  return `tunewright-${packageVersion()}-${system}-${arch}-${build}`;
}

/** Packages bring their compiled parts for many systems along. */
function isForOtherSystem(path: string): boolean {
  if (!path.endsWith(".node")) return false;
  const others = ["x64", "arm64", "ia32", "arm"].filter((arch) => arch !== process.arch);
  return new RegExp(`\\b(darwin|win32|android|freebsd|musl|${others.join("|")})\\b`).test(path);
}

/** npm packages, the built program, the built-in model. */
function programPieces({ PARTS }: SetupScripts, builtinModel: boolean): Piece[] {
  const root = packageRoot();
  const pieces: Piece[] = [
    {
      from: join(root, "node_modules"),
      to: `bundle/${PARTS.packages}`,
      keep: (path) =>
        !/^\.(cache|vite|vite-temp|vitest|package-lock\.json)(\/|$)/.test(path) &&
        !isForOtherSystem(path),
    },
    { from: join(root, "dist"), to: `bundle/${PARTS.dist}` },
  ];
  if (!builtinModel) return pieces;
  const model = builtinModelPath();
  if (!existsSync(model)) {
    throw new EnvironmentError("the built-in model is not set up", {
      todo: "run ./tunewright setup, or add --no-builtin-model",
    });
  }
  return [...pieces, { from: model, to: `bundle/${PARTS.models}/${basename(model)}` }];
}

/** Writes the compiled addons into the tree and returns what each was made from. */
function writeAddons(tree: string, engine: Engine, setup: SetupScripts): Record<string, string> {
  const root = packageRoot();
  const bundle = join(tree, "bundle");
  const addon = relocatedAddon(engine.addon, engine.site);
  writeFileSync(join(bundle, setup.PARTS.addon), addon);
  const keys: Record<string, string> = {
    tunewright: setup.addonKey(root, engine.torch.version),
  };
  mkdirSync(join(bundle, setup.PARTS.addons));
  const runtime = readRuntime() as Record<string, string> | null;
  for (const small of setup.smallAddons) {
    const built = readFileSync(runtime?.[small.key] ?? "");
    writeFileSync(join(bundle, setup.PARTS.addons, `${small.name}.node`), built);
    keys[small.name] = setup.smallAddonKey(root, small);
  }
  return keys;
}

/** npm's record of the packages, without the addresses that they were fetched from. */
function writePackageRecord(tree: string, { PARTS }: SetupScripts): void {
  const name = ".package-lock.json";
  const text = readFileSync(join(packageRoot(), "node_modules", name), "utf8");
  const record = JSON.parse(text, (key, value: unknown) =>
    key === "resolved" ? undefined : value,
  );
  writeFileSync(join(tree, "bundle", PARTS.packages, name), `${JSON.stringify(record, null, 1)}\n`);
}

function tellOmissions({ secrets, changed, untracked }: SourceFiles, say: (line: string) => void) {
  const some = (names: string[]) => names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "");
  if (secrets.length > 0) say(`left out, as they may hold keys: ${some(secrets)}`);
  if (untracked.length > 0) say(`left out, as git does not know them: ${some(untracked)}`);
  if (changed.length > 0) say(`packed with changes that are not committed: ${some(changed)}`);
}
