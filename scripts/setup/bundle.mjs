// A bundle: a checkout with a folder `bundle/` in it that holds what set-up would otherwise install or
// compile (npm packages, libtorch, bitsandbytes, addons, the built program, the built-in model, Node).
// `tunewright bundle` makes it; here it is found, checked and used. Nothing is installed: libraries and
// packages are used where they lie, so neither Python nor a compiler nor npm is needed.
import fs from "node:fs";
import path from "node:path";
import { addonKey } from "./addon.mjs";
import { COPY_AGAIN, refuseOtherMachine, verifyFiles } from "./bundleChecks.mjs";
import { readJson, sha256, writeFileAtomic } from "./files.mjs";
import { capture, SetupError, say } from "./run.mjs";
import { smallAddonKey, smallAddons } from "./smallAddons.mjs";

/** The form of the manifest that this version reads and writes. */
export const BUNDLE_FORMAT = 1;

/** Paths inside `bundle/`; the same for the maker and for set-up. */
export const PARTS = {
  manifest: "manifest.json",
  packages: "node_modules",
  site: "site",
  bitsandbytes: "bitsandbytes",
  // The addon that needs libtorch lies beside it, and so finds it wherever the bundle is unpacked.
  addon: "site/torch/lib/tunewright.node",
  addons: "addons",
  dist: "dist",
  models: "models",
  node: "node/bin/node",
};

/**
 * The root of the bundle at a path that a user gave: the unpacked folder or its `bundle/`; `null` where
 * there is none.
 *
 * @throws SetupError for an archive that is not unpacked
 */
export function bundleRoot(given) {
  if (fs.existsSync(path.join(given, "bundle", PARTS.manifest))) return given;
  if (path.basename(given) === "bundle" && fs.existsSync(path.join(given, PARTS.manifest))) {
    return path.dirname(given);
  }
  if (fs.statSync(given, { throwIfNoEntry: false })?.isFile()) {
    throw new SetupError(`${given} is a file, and set-up needs a folder`, {
      why: "a bundle is used where it is unpacked",
      todo: `unpack it (\`tar -xf ${given}\`) and run ./tunewright setup in the folder that appears`,
    });
  }
  if (fs.existsSync(path.join(given, "bundle"))) {
    throw new SetupError(`the bundle in ${given} is incomplete`, {
      why: `bundle/${PARTS.manifest}, which lists its files, is missing`,
      todo: COPY_AGAIN,
    });
  }
  return null;
}

/** The manifest of a bundle. */
function readManifest(root) {
  const file = path.join(root, "bundle", PARTS.manifest);
  const manifest = readJson(file);
  if (manifest === null || typeof manifest.files !== "object") {
    throw new SetupError("the bundle is damaged", {
      why: `${file} cannot be read as JSON`,
      todo: COPY_AGAIN,
    });
  }
  if (manifest.format !== BUNDLE_FORMAT) {
    throw new SetupError(
      `the bundle has format ${manifest.format}, and this reads ${BUNDLE_FORMAT}`,
      {
        why: `it was made by Tunewright ${manifest.tunewright}`,
        todo: "use the ./tunewright that lies in the bundle, or make a bundle with this version",
      },
    );
  }
  return manifest;
}

const manifestFile = (root) => path.join(root, "bundle", PARTS.manifest);

function sayChecking(files) {
  const bytes = Object.values(files).reduce((sum, entry) => sum + (Number(entry[0]) || 0), 0);
  say(`checking the ${(bytes / 1e9).toFixed(2)} GB of the bundle …`);
}

/** Checks all of a bundle in its place the first time, later only that its files are there. */
function verifyOnce(paths, { files }) {
  const mark = path.join(paths.state, "bundle.sha256");
  const hash = sha256(manifestFile(paths.root));
  if (fs.existsSync(mark) && fs.readFileSync(mark, "utf8") === hash) {
    verifyFiles(paths.root, files, false);
    return;
  }
  sayChecking(files);
  const changed = verifyFiles(paths.root, files, true);
  if (changed.length > 0) {
    say(`sources that are not those of the bundle: ${changed.length} (first: ${changed[0]})`);
  }
  writeFileAtomic(mark, hash);
}

/**
 * Copies the parts of a bundle that lies elsewhere into the checkout, whole or not at all. Its sources,
 * models and data stay where they are, so the manifest of the copy does not list them.
 */
function copyParts(paths, root, manifest) {
  const origin = sha256(manifestFile(root));
  if (readJson(manifestFile(paths.root))?.origin === origin) return;
  const names = Object.entries(manifest.files).filter(([name]) => name.startsWith("bundle/"));
  const files = Object.fromEntries(names);
  verifyFiles(root, files, false);
  const target = path.join(paths.root, "bundle");
  const temporary = `${target}.tmp-${process.pid}`;
  const mode = fs.constants.COPYFILE_FICLONE;
  const how = { recursive: true, verbatimSymlinks: true, mode };
  say(`copying the parts of ${root} …`);
  try {
    fs.cpSync(path.join(root, "bundle"), path.join(temporary, "bundle"), how);
    makeWritable(temporary);
    sayChecking(files);
    verifyFiles(temporary, files, true);
    writeFileAtomic(manifestFile(temporary), JSON.stringify({ ...manifest, origin, files }));
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(path.join(temporary, "bundle"), target);
    writeFileAtomic(path.join(paths.state, "bundle.sha256"), sha256(manifestFile(paths.root)));
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError("the bundle could not be copied into the checkout", {
      why: error.message,
      todo: "check that the disk has room, then run the same command again",
    });
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

/** Copies from a read-only place carry its permissions along, and could not be removed. */
function makeWritable(folder) {
  fs.chmodSync(folder, 0o755);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(path.join(folder, entry.name));
  }
}

/** Puts a symbolic link in place of whatever is there. */
function link(target, file) {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() && fs.readlinkSync(file) === target) return;
  fs.rmSync(file, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.symlinkSync(target, file);
}

/**
 * The bundle to set up from, checked and with its packages and model in place: the one that
 * `--offline` names, else one inside the checkout; `null` without one.
 *
 * @throws SetupError where it is for another machine or not whole
 */
export function takeBundle(paths, options) {
  const given = options.offline && bundleRoot(options.offline);
  if (options.offline && !given) return null;
  const root = given ?? bundleRoot(paths.root);
  if (!root) return null;
  refuseOtherMachine(readManifest(root));
  if (fs.realpathSync(root) !== fs.realpathSync(paths.root)) {
    copyParts(paths, root, readManifest(root));
  }
  const manifest = readManifest(paths.root);
  verifyOnce(paths, manifest);
  const part = (...names) => path.join(paths.root, "bundle", ...names);
  link(`bundle/${PARTS.packages}`, path.join(paths.root, "node_modules"));
  for (const name of fs.existsSync(part(PARTS.models)) ? fs.readdirSync(part(PARTS.models)) : []) {
    link(`../../bundle/${PARTS.models}/${name}`, path.join(paths.models, name));
  }
  return { manifest, part };
}

/** torch of a bundle in the words of `probePython`; no Python belongs to it. */
export function bundledTorch({ manifest, part }) {
  return {
    python: null,
    pythonVersion: null,
    torch: { ...manifest.torch, folder: part(PARTS.site, "torch") },
    bitsandbytes: { ...manifest.bitsandbytes, folder: part(PARTS.bitsandbytes) },
  };
}

/**
 * Whether Node can load an addon here; libraries that are too old make it fail. So would another torch in
 * the environment, which compiling does not help against.
 */
function loads(file) {
  const script = "process.dlopen({ exports: {} }, process.argv[1])";
  const { LD_LIBRARY_PATH: _, LD_PRELOAD: __, ...plain } = process.env;
  return [process.env, plain].some(
    (env) => capture(process.execPath, ["-e", script, file], { stdio: "pipe", env }) !== null,
  );
}

/**
 * The compiled addons of a bundle that fit the sources and load on this machine, as paths by their
 * names. The others must be compiled.
 */
export function packedAddons(paths, { manifest, part }) {
  const keys = { tunewright: addonKey(paths.root, manifest.torch.version) };
  for (const addon of smallAddons) keys[addon.name] = smallAddonKey(paths.root, addon);
  const fitting = {};
  for (const [name, key] of Object.entries(keys)) {
    const file = name === "tunewright" ? part(PARTS.addon) : part(PARTS.addons, `${name}.node`);
    if (manifest.addons[name] === key && loads(file)) fitting[name] = file;
  }
  return fitting;
}
