// Sets this checkout up: npm packages, libtorch, bitsandbytes, the built-in model, the addons,
// the build. Every step looks first and does nothing where nothing is to do. Uses only what Node
// itself brings, because it runs before anything is installed.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { addonPath, buildAddon } from "./setup/addon.mjs";
import { findOrFetchBitsandbytes } from "./setup/bitsandbytes.mjs";
import { bundledTorch, PARTS, packedAddons, takeBundle } from "./setup/bundle.mjs";
import { checkoutPaths, readJson, removeLeftovers, writeFileAtomic } from "./setup/files.mjs";
import { acquireLock } from "./setup/lock.mjs";
import { builtinModelPath, fetchBuiltinModel, hasBuiltinModel } from "./setup/model.mjs";
import { installPackages } from "./setup/npm.mjs";
import { atLeast, checkPrerequisites, findCompiler } from "./setup/prerequisites.mjs";
import { hasSpoken, SetupError, say, stopChildren, stopOrphan } from "./setup/run.mjs";
import { buildSmallAddons, smallAddonPath, smallAddons } from "./setup/smallAddons.mjs";
import { findOrInstallTorch, needsSystemPython } from "./setup/torch.mjs";
import { buildTypeScript } from "./setup/typescript.mjs";

const HELP = `Usage: tunewright setup [options]

Installs and builds what Tunewright needs, inside this checkout. Runs by itself on first use.

Options:
  --offline DIR  use the bundle in DIR (\`tunewright bundle\` makes it), or else take Python wheels
                 from DIR and npm packages from the npm cache DIR/npm. A checkout that came out of
                 a bundle uses it without being told
  --no-model     go without the built-in model (94 MB)
  --quiet        say nothing when nothing is to do
  -h, --help     show this

Environment:
  TUNEWRIGHT_PYTHON       Python whose torch (2.11 to 2.13) to use instead of .venv
  TUNEWRIGHT_TORCH_INDEX  package index for torch's CPU build
  TUNEWRIGHT_GPU          1 or 0: install torch with or without CUDA whatever this machine has
  PYTHONPATH, PYTHONHOME  used with TUNEWRIGHT_PYTHON only
  PIP_INDEX_URL, npm_config_registry, https_proxy, … are pip's and npm's own

Example:
  ./tunewright setup
`;

function parseArguments(args) {
  const options = { offline: undefined, quiet: false, model: true };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--quiet") options.quiet = true;
    else if (args[i] === "--no-model") options.model = false;
    else if (args[i] === "--offline" && args[i + 1]) options.offline = path.resolve(args[++i]);
    else if (args[i] === "--help" || args[i] === "-h") {
      process.stdout.write(HELP);
      process.exit(0);
    } else {
      process.stderr.write(
        `error: unknown argument ${args[i]}\n  to do: see \`tunewright setup --help\`\n`,
      );
      process.exit(2);
    }
  }
  if (options.offline && !fs.existsSync(options.offline)) {
    process.stderr.write(`error: the folder ${options.offline} does not exist\n`);
    process.exit(2);
  }
  return options;
}

/** Identifies the files of a torch installation: a changed one has another version file. */
function torchFingerprint(folder) {
  const stat = fs.statSync(path.join(folder, "version.py"), { throwIfNoEntry: false });
  return stat ? `${stat.size}:${stat.mtimeMs}` : null;
}

/** Whether torch comes out of the bundle: unless a Python was asked for by name. */
const usesTorchOf = (bundle) => bundle !== null && !process.env.TUNEWRIGHT_PYTHON;

/** What the last set-up found, as long as it still holds; else `null`. */
function usableRuntime(paths, bundle) {
  const runtime = readJson(paths.runtime);
  if (!runtime || runtime.root !== paths.root) return null;
  const wish = process.env.TUNEWRIGHT_PYTHON;
  if (wish && wish !== runtime.requestedPython) return null;
  if (runtime.python !== null && !fs.existsSync(runtime.python)) return null;
  if (!fs.existsSync(runtime.bitsandbytesCpuLib)) return null;
  const folder = path.dirname(runtime.torchLib);
  if (usesTorchOf(bundle) && folder !== bundledTorch(bundle).torch.folder) return null;
  if (torchFingerprint(folder) !== runtime.torchFingerprint) return null;
  return runtime;
}

/** Steps 2 and 3: torch and bitsandbytes, as the fields of runtime.json. */
async function findRuntime(paths, options, bundle) {
  const own = bundle && bundledTorch(bundle);
  const probe = usesTorchOf(bundle) ? own : await findOrInstallTorch(paths, options);
  if (own) probe.bitsandbytes ??= own.bitsandbytes;
  const { folder, version, cudaVersion, cxx11Abi } = probe.torch;
  const bitsandbytes = await findOrFetchBitsandbytes(probe, paths, options);
  return {
    root: paths.root,
    requestedPython: process.env.TUNEWRIGHT_PYTHON ?? "",
    python: probe.python,
    pythonVersion: probe.pythonVersion,
    torchVersion: version,
    torchLib: path.join(folder, "lib"),
    torchInclude: path.join(folder, "include"),
    torchCxx11Abi: cxx11Abi,
    torchFingerprint: torchFingerprint(folder),
    cuda: cudaVersion !== null,
    cudaVersion,
    ...bitsandbytes,
  };
}

/** True where the addons of these sources are compiled already, here or in the bundle. */
function addonsAreBuilt(paths, runtime, packed) {
  const small = smallAddons.filter((addon) => !packed[addon.name]);
  if (packed.tunewright && small.length === 0) return true;
  const compiler = findCompiler();
  if (!runtime || !compiler) return false;
  const torch = { version: runtime.torchVersion, folder: path.dirname(runtime.torchLib) };
  const files = small.map((addon) => smallAddonPath(paths, addon, compiler.version));
  if (!packed.tunewright) files.push(addonPath(paths, torch, compiler.version));
  return files.every((file) => file === null || fs.existsSync(file));
}

/** The addons that need not be compiled, by name: those of the bundle that fit and load. */
function addonsOf(paths, bundle) {
  if (!bundle) return {};
  const { tunewright, ...small } = packedAddons(paths, bundle);
  return usesTorchOf(bundle) ? { tunewright, ...small } : small;
}

function saveRuntime(paths, runtime) {
  const text = `${JSON.stringify(runtime, null, 2)}\n`;
  const same = fs.existsSync(paths.runtime) && fs.readFileSync(paths.runtime, "utf8") === text;
  if (!same) writeFileAtomic(paths.runtime, text);
}

async function setUp(paths, options) {
  // Its time is compared with the sources' by the launcher: edits from here on need another set-up.
  const stamp = `${paths.stamp}.tmp-${process.pid}`;
  fs.writeFileSync(stamp, "");
  const bundle = takeBundle(paths, options);
  const known = usableRuntime(paths, bundle);
  const packed = addonsOf(paths, bundle);
  const model = options.model && (bundle === null || bundle.manifest.builtinModel);
  checkPrerequisites({
    python:
      !usesTorchOf(bundle) &&
      !known &&
      (needsSystemPython(paths) || (model && !hasBuiltinModel(paths))),
    compiler: !addonsAreBuilt(paths, known, packed),
  });
  await installPackages(paths, options);
  const runtime = known ?? (await findRuntime(paths, options, bundle));
  saveRuntime(paths, { ...runtime, addon: runtime.addon ?? "" });
  if (model) await fetchBuiltinModel([runtime.python], paths, options);
  const torch = {
    version: runtime.torchVersion,
    folder: path.dirname(runtime.torchLib),
    cxx11Abi: runtime.torchCxx11Abi,
  };
  const addon = await buildAddon(paths, torch, packed.tunewright);
  const small = await buildSmallAddons(paths, packed);
  const complete = { ...runtime, addon, ...small, builtinModel: builtinModelPath(paths) };
  saveRuntime(paths, complete);
  await buildTypeScript(
    paths,
    bundle && { folder: bundle.part(PARTS.dist), hash: bundle.manifest.dist },
  );
  const { atime, mtime } = fs.statSync(stamp);
  fs.writeFileSync(stamp, `${paths.root}\n${runtime.requestedPython}\n`);
  fs.utimesSync(stamp, atime, mtime);
  fs.renameSync(stamp, paths.stamp);
  return complete;
}

/** Makes a folder, perhaps beside another set-up. Not recursively: Node then says ENOENT of a read-only file system. */
function makeFolder(folder) {
  const isThere = () => fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  if (isThere()) return;
  try {
    fs.mkdirSync(folder);
  } catch (error) {
    if (!isThere()) throw error;
  }
}

/** @throws SetupError where the checkout cannot be written to */
function makeStateFolder(paths) {
  try {
    makeFolder(paths.state);
    fs.accessSync(paths.state, fs.constants.W_OK);
  } catch (error) {
    throw new SetupError(`set-up cannot write to ${paths.root}`, {
      why: error.message,
      todo: "copy the checkout to a place that you can write to, or let its owner run ./tunewright setup once",
    });
  }
}

function printError(error) {
  if (!(error instanceof SetupError)) {
    process.stderr.write(`error: set-up failed unexpectedly\n${error.stack}\n`);
    return;
  }
  if (error.output) process.stderr.write(`${error.output}\n`);
  process.stderr.write(`error: ${error.message}\n`);
  if (error.why) process.stderr.write(`  why: ${error.why}\n`);
  if (error.todo) process.stderr.write(`  to do: ${error.todo}\n`);
}

/** Whether a signal was not ignored when the launcher began, as under nohup. */
function isHeard(signal) {
  const ignored = BigInt(`0x${process.env.TUNEWRIGHT_IGNORED_SIGNALS || "0"}`);
  return ((ignored >> BigInt(os.constants.signals[signal] - 1)) & 1n) === 0n;
}

/**
 * Other installations of Python that an environment names would answer in place of `.venv`, and pip would
 * install elsewhere.
 */
function forgetOtherPythons(env) {
  const names = ["PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"];
  if (!env.TUNEWRIGHT_PYTHON) names.push("PYTHONPATH", "PYTHONHOME");
  for (const name of names) delete env[name];
}

async function main() {
  forgetOtherPythons(process.env);
  const options = parseArguments(process.argv.slice(2));
  if (!atLeast(process.versions.node, "20")) {
    printError(
      new SetupError(`Node.js 20 or newer is needed, and this is ${process.versions.node}`, {
        why: "Tunewright and its packages use what older releases lack",
        todo: "install a newer Node.js from your distribution or from nodejs.org",
      }),
    );
    return 1;
  }
  const paths = checkoutPaths();
  let release;
  try {
    makeStateFolder(paths);
    release = await acquireLock(paths.lock, ({ pid, host }) => {
      const where = host === os.hostname() ? "" : ` on ${host}`;
      say(`waiting for another set-up of this checkout (process ${pid}${where}) …`);
    });
  } catch (error) {
    printError(error);
    return 1;
  }
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"].filter(isHeard)) {
    process.on(signal, async () => {
      if (interrupted) return;
      interrupted = true;
      await stopChildren();
      release();
      say("set-up was interrupted; the next command goes on with it");
      process.exit(130);
    });
  }
  try {
    await stopOrphan(paths.log);
    removeLeftovers(paths.root, "bundle");
    for (const name of ["", "models", "bitsandbytes", "addon", ...smallAddons.map((x) => x.name)]) {
      removeLeftovers(path.join(paths.state, name));
    }
    const started = Date.now();
    const runtime = await setUp(paths, options);
    const seconds = (Date.now() - started) / 1000;
    if (!options.quiet || (hasSpoken() && seconds > 15)) {
      const from = runtime.python ?? "from the bundle";
      say(`ready in ${seconds.toFixed(1)} s: torch ${runtime.torchVersion}, ${from}`);
    }
    return 0;
  } catch (error) {
    // The child that was stopped makes its step fail; the signal's handler has the last word.
    if (interrupted) await new Promise(() => {});
    printError(error);
    return 1;
  } finally {
    release();
  }
}

process.exitCode = await main();
