// Compiles the addons that need no libtorch, so the compiler is called directly. Each is a folder of native/.
import fs from "node:fs";
import path from "node:path";
import { hashFiles, listFiles, readJson } from "./files.mjs";
import { findCompiler } from "./prerequisites.mjs";
import { runOrThrow, say } from "./run.mjs";

/** Folder below native/, key in runtime.json, and what the addon is called. */
export const smallAddons = [
  { name: "minhash", key: "minhashAddon", title: "the addon of deduplication" },
  { name: "fileLock", key: "fileLockAddon", title: "the addon for file locks" },
  { name: "process", key: "processAddon", title: "the addon for signals and output" },
  { name: "ggufBlocks", key: "ggufBlocksAddon", title: "the addon for GGUF's types" },
  { name: "sandbox", key: "sandboxAddon", title: "the sandbox for model-written code" },
];

// Fused products would change the last bits from one processor to the next.
const FLAGS = [
  ...["-std=c++20", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra"],
  ...["-ffp-contract=off", "-pthread"],
];

function sources(root, { name }) {
  return listFiles(path.join(root, "native", name)).filter((file) => /\.(cpp|h)$/.test(file));
}

/** What a compiled addon depends on wherever it is carried. */
export function smallAddonKey(root, addon, ...more) {
  const headers = readJson(path.join(root, "node_modules/node-api-headers/package.json"));
  return hashFiles(root, sources(root, addon), ...more, headers?.version ?? "none", ...FLAGS);
}

/** Where the addon for these sources and this compiler lies, compiled or not; `null` without sources. */
export function smallAddonPath(paths, addon, compilerVersion) {
  if (sources(paths.root, addon).length === 0) return null;
  const hash = smallAddonKey(paths.root, addon, compilerVersion);
  return path.join(paths.state, addon.name, `${hash.slice(0, 16)}.node`);
}

/**
 * Compiles those that are missing and returns all their paths, by their keys in runtime.json.
 *
 * @param packed paths by name of those that a bundle brought
 */
export async function buildSmallAddons(paths, packed) {
  const built = {};
  let compiler;
  for (const addon of smallAddons) {
    if (packed[addon.name]) {
      built[addon.key] = packed[addon.name];
      continue;
    }
    compiler ??= findCompiler();
    const file = smallAddonPath(paths, addon, compiler.version);
    if (file !== null && !fs.existsSync(file)) await build(paths, addon, compiler, file);
    built[addon.key] = file;
  }
  return built;
}

async function build(paths, addon, compiler, file) {
  say(`compiling ${addon.title} …`);
  const folder = path.dirname(file);
  fs.mkdirSync(folder, { recursive: true });
  const temporary = `${file}.tmp-${process.pid}`;
  // Vector types cross no border between compilers here; g++ warns about one that did in 2012.
  const include = path.join(paths.root, "node_modules/node-api-headers/include");
  await runOrThrow(
    `compiling ${addon.title}`,
    compiler.command,
    [
      ...FLAGS,
      "-Wno-psabi",
      "-DNAPI_VERSION=9",
      `-I${include}`,
      ...sources(paths.root, addon).filter((source) => source.endsWith(".cpp")),
      "-o",
      temporary,
    ],
    { log: paths.log },
  );
  fs.renameSync(temporary, file);
  for (const name of fs.readdirSync(folder)) {
    if (name !== path.basename(file)) fs.rmSync(path.join(folder, name), { force: true });
  }
}
