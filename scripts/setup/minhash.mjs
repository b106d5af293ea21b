// Compiles the addon of deduplication (native/minhash). It needs no libtorch, so the compiler is called directly.
import fs from "node:fs";
import path from "node:path";
import { hashFiles, listFiles, readJson } from "./files.mjs";
import { findCompiler } from "./prerequisites.mjs";
import { runOrThrow, say } from "./run.mjs";

const FLAGS = ["-std=c++20", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra"];

function sources(paths) {
  return listFiles(path.join(paths.root, "native/minhash")).filter((file) =>
    /\.(cpp|h)$/.test(file),
  );
}

/** Where the addon for these sources and this compiler lies, compiled or not; `null` without sources. */
export function minhashPath(paths, compilerVersion) {
  const files = sources(paths);
  if (files.length === 0) return null;
  const headers = readJson(path.join(paths.root, "node_modules/node-api-headers/package.json"));
  const more = [compilerVersion, headers?.version ?? "none", ...FLAGS];
  const hash = hashFiles(paths.root, files, ...more);
  return path.join(paths.state, "minhash", `${hash.slice(0, 16)}.node`);
}

/** Compiles the addon where it is missing and returns its path. */
export async function buildMinhash(paths) {
  const compiler = findCompiler();
  const file = minhashPath(paths, compiler.version);
  if (file === null || fs.existsSync(file)) return file;
  say("compiling the addon of deduplication …");
  const folder = path.dirname(file);
  fs.mkdirSync(folder, { recursive: true });
  const temporary = `${file}.tmp-${process.pid}`;
  // Vector types cross no border between compilers here; g++ warns about one that did in 2012.
  const include = path.join(paths.root, "node_modules/node-api-headers/include");
  await runOrThrow(
    "compiling the addon of deduplication",
    compiler.command,
    [
      ...FLAGS,
      ...["-Wno-psabi", "-DNAPI_VERSION=9", `-I${include}`],
      ...sources(paths).filter((source) => source.endsWith(".cpp")),
      ...["-o", temporary],
    ],
    { log: paths.log },
  );
  fs.renameSync(temporary, file);
  for (const name of fs.readdirSync(folder)) {
    if (name !== path.basename(file)) fs.rmSync(path.join(folder, name), { force: true });
  }
  return file;
}
