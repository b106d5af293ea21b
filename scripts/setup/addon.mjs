// Step 5: compiles the addon. The result is kept under the hash of all that went into it.
import fs from "node:fs";
import path from "node:path";
import { hashFiles, listFiles, readJson } from "./files.mjs";
import { findCmake, findCompiler } from "./prerequisites.mjs";
import { runOrThrow, say } from "./run.mjs";

const KEEP_BUILDS = 3;

/** Sources of the addon, CMakeLists.txt included; folders below are other addons. */
export function addonSources(root) {
  const folder = path.join(root, "native");
  return listFiles(folder).filter(
    (file) => path.dirname(file) === folder && /\.(cpp|cc|h|hpp)$|CMakeLists\.txt$/.test(file),
  );
}

function headersVersion(root) {
  return readJson(path.join(root, "node_modules/node-api-headers/package.json"))?.version ?? "none";
}

/** What a compiled addon depends on wherever it is carried: sources, torch, Node-API's headers. */
export function addonKey(root, torchVersion) {
  return hashFiles(root, addonSources(root), torchVersion, headersVersion(root));
}

/** Where the addon for these sources, this torch and this compiler lies, compiled or not. */
export function addonPath(paths, torch, compilerVersion) {
  const hash = hashFiles(
    paths.root,
    addonSources(paths.root),
    torch.version,
    torch.folder,
    compilerVersion,
    headersVersion(paths.root),
  );
  return path.join(paths.state, "addon", hash.slice(0, 16), "tunewright.node");
}

function removeOldBuilds(folder) {
  const builds = fs
    .readdirSync(folder)
    .map((name) => path.join(folder, name))
    .sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
  for (const old of builds.slice(KEEP_BUILDS)) fs.rmSync(old, { recursive: true, force: true });
}

/** Compiles the addon where it is missing and returns its path; one that a bundle brought is taken as it is. */
export async function buildAddon(paths, torch, packed) {
  if (packed) return packed;
  const compiler = findCompiler();
  const file = addonPath(paths, torch, compiler.version);
  if (fs.existsSync(file)) return file;
  const cmake = findCmake();
  const build = path.join(paths.state, "build");
  const cache = path.join(build, "CMakeCache.txt");
  const home = fs.existsSync(cache) ? fs.readFileSync(cache, "utf8") : "";
  // CMake refuses a build folder that was made for another checkout or generator.
  const reusable =
    home.includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${path.join(paths.root, "native")}\n`) &&
    home.includes(`CMAKE_GENERATOR:INTERNAL=${cmake.generator}\n`);
  if (!reusable) fs.rmSync(build, { recursive: true, force: true });
  say("compiling the addon …");
  const settings = {
    CMAKE_BUILD_TYPE: "Release",
    CMAKE_CXX_COMPILER: compiler.command,
    TORCH_DIR: torch.folder,
    TORCH_CXX11_ABI: torch.cxx11Abi ? "1" : "0",
    NODE_API_INCLUDE: path.join(paths.root, "node_modules/node-api-headers/include"),
  };
  await runOrThrow(
    "configuring the addon",
    cmake.command,
    [
      "-S",
      path.join(paths.root, "native"),
      "-B",
      build,
      "-G",
      cmake.generator,
      ...Object.entries(settings).map(([key, value]) => `-D${key}=${value}`),
    ],
    { log: paths.log },
  );
  await runOrThrow("compiling the addon", cmake.command, ["--build", build, "--parallel"], {
    log: paths.log,
  });
  const temporary = `${path.dirname(file)}.tmp-${process.pid}`;
  fs.mkdirSync(temporary, { recursive: true });
  fs.copyFileSync(path.join(build, "tunewright.node"), path.join(temporary, "tunewright.node"));
  fs.rmSync(path.dirname(file), { recursive: true, force: true });
  fs.renameSync(temporary, path.dirname(file));
  removeOldBuilds(path.join(paths.state, "addon"));
  return file;
}
