// Step 3: bitsandbytes' shared libraries. Only they are used (through dlopen), never its Python.
import fs from "node:fs";
import path from "node:path";
import { downloadWheel, pythonWithPip, unpackWheel } from "./pip.mjs";
import { findSystemPython } from "./prerequisites.mjs";
import { say } from "./run.mjs";

export const BITSANDBYTES_VERSION = "0.50.2";

/** Whether the C functions of this release are the ones that Tunewright calls. */
export function supportsBitsandbytes(version) {
  return /^0\.50\./.test(version);
}

/**
 * Library for a CUDA version like "12.8": the same one, else the newest older one of the same major
 * version, else any of it; `null` without CUDA or without a match.
 */
export function cudaLibrary(folder, cudaVersion) {
  if (!cudaVersion) return null;
  const [major, minor] = cudaVersion.split(".").map(Number);
  const all = fs
    .readdirSync(folder)
    .map((name) => ({ name, match: /^libbitsandbytes_cuda(\d\d)(\d+)\.so$/.exec(name) }))
    .filter(({ match }) => match && Number(match[1]) === major)
    .map(({ name, match }) => ({ name, minor: Number(match[2]) }))
    .sort((a, b) => a.minor - b.minor);
  const older = all.filter((library) => library.minor <= minor);
  const chosen = older.at(-1) ?? all[0];
  return chosen ? path.join(folder, chosen.name) : null;
}

function describe(version, folder, cudaVersion) {
  return {
    bitsandbytesVersion: version,
    bitsandbytesLibDir: folder,
    bitsandbytesCpuLib: path.join(folder, "libbitsandbytes_cpu.so"),
    bitsandbytesCudaLib: cudaLibrary(folder, cudaVersion),
  };
}

/** Finds bitsandbytes beside torch, or fetches its wheel and unpacks the libraries that fit this torch. */
export async function findOrFetchBitsandbytes(probe, paths, options) {
  const { cudaVersion } = probe.torch;
  const found = probe.bitsandbytes;
  if (found && supportsBitsandbytes(found.version)) {
    if (fs.existsSync(path.join(found.folder, "libbitsandbytes_cpu.so"))) {
      return describe(found.version, found.folder, cudaVersion);
    }
  }
  const folder = path.join(paths.state, "bitsandbytes", BITSANDBYTES_VERSION);
  const complete = fs.existsSync(folder) && (!cudaVersion || cudaLibrary(folder, cudaVersion));
  if (!complete) {
    say(`fetching bitsandbytes ${BITSANDBYTES_VERSION} …`);
    const python = await pythonWithPip(paths, [probe.python, findSystemPython()?.executable]);
    const temporary = `${folder}.tmp-${process.pid}`;
    const requirement = `bitsandbytes==${BITSANDBYTES_VERSION}`;
    try {
      const wheel = await downloadWheel(python, requirement, `${temporary}-wheel`, paths, options);
      const major = cudaVersion?.split(".")[0];
      const libraries = `/libbitsandbytes_(cpu${major ? `|cuda${major}\\d+` : ""})\\.so$`;
      await unpackWheel(python, wheel, libraries, temporary, paths);
      fs.rmSync(folder, { recursive: true, force: true });
      fs.renameSync(temporary, folder);
    } finally {
      fs.rmSync(`${temporary}-wheel`, { recursive: true, force: true });
      fs.rmSync(temporary, { recursive: true, force: true });
    }
  }
  return describe(BITSANDBYTES_VERSION, folder, cudaVersion);
}
