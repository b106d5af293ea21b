/** The engine of a bundle: libtorch as its wheel lays it out, the addon for it, bitsandbytes' libraries. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { EnvironmentError } from "../../util/errors.js";
import { readRuntime } from "../machine.js";
import type { Piece } from "./pieces.js";
import type { SetupScripts } from "./setupScripts.js";

export interface Engine {
  torch: { version: string; cudaVersion: string | null; cxx11Abi: boolean };
  /** The folder that torch's wheels are unpacked in. */
  site: string;
  addon: string;
  bitsandbytes: { version: string; folder: string };
}

/** The engine that this checkout runs with. */
export function engineHere(): Engine {
  const runtime = readRuntime();
  if (!runtime?.torchLib || !runtime.addon || !runtime.bitsandbytesLibDir) {
    throw new EnvironmentError("set-up has not run in this checkout", {
      todo: "run ./tunewright setup",
    });
  }
  const site = dirname(dirname(runtime.torchLib));
  const version = runtime.torchVersion ?? "";
  if (wheelRecord(site, version) === undefined) {
    throw new EnvironmentError(`the torch in ${site} cannot be packed`, {
      why: "it was not installed from a wheel, so its libraries may need others of this system",
      todo: "add --torch cpu (or cu130, …) to pack torch's own wheel",
    });
  }
  return {
    torch: {
      version,
      cudaVersion: runtime.cudaVersion ?? null,
      cxx11Abi: runtime.torchCxx11Abi ?? true,
    },
    site,
    addon: runtime.addon,
    bitsandbytes: {
      version: runtime.bitsandbytesVersion ?? "",
      folder: runtime.bitsandbytesLibDir,
    },
  };
}

/** The folder that a wheel's installer leaves; PyPI's wheel of 2.13.0+cu130 calls itself 2.13.0. */
function wheelRecord(site: string, version: string): string | undefined {
  const names = [version, version.split("+")[0]].map((name) => `torch-${name}.dist-info`);
  return names.find((name) => existsSync(join(site, name)));
}

/** torch's libraries that only its Python or its tests use. */
const onlyForPython =
  /^(libtorch_python|libshm|libtorchbind_test|libjitbackend_test|libbackend_with_compiler|libaoti_custom_ops)/;

/** What is packed of an engine: libraries, headers, licences; no Python. */
export function enginePieces(engine: Engine, { PARTS }: SetupScripts): Piece[] {
  const { site, torch, bitsandbytes } = engine;
  const to = (name: string) => `bundle/${PARTS.site}/${name}`;
  const pieces: Piece[] = [
    {
      from: join(site, "torch/lib"),
      to: to("torch/lib"),
      keep: (path) => !onlyForPython.test(path) && path !== basename(PARTS.addon),
    },
    { from: join(site, "torch/include"), to: to("torch/include") },
    { from: join(site, "torch/version.py"), to: to("torch/version.py") },
  ];
  const record = wheelRecord(site, torch.version);
  if (record !== undefined) pieces.push({ from: join(site, record), to: to(record) });
  for (const name of ["torch.libs", "nvidia", "cusparselt"]) {
    const keep = (path: string) => /\.so(\.[\d.]+)?$|licen[sc]e/i.test(path);
    if (existsSync(join(site, name))) pieces.push({ from: join(site, name), to: to(name), keep });
  }
  const major = torch.cudaVersion?.split(".")[0];
  const libraries = new RegExp(`^libbitsandbytes_(cpu${major ? `|cuda${major}\\d+` : ""})\\.so$`);
  pieces.push({
    from: bitsandbytes.folder,
    to: `bundle/${PARTS.bitsandbytes}`,
    keep: (path) => libraries.test(path),
  });
  return pieces;
}

/**
 * The compiled addon, made to look for libtorch in the folder in which it lies itself. Its search path
 * (RUNPATH) is the absolute folder of the torch that it was linked with, a string of the file that can
 * be replaced by a shorter one.
 */
export function relocatedAddon(addon: string, site: string): Buffer {
  const bytes = readFileSync(addon);
  if (bytes.includes("\0$ORIGIN\0")) return bytes;
  const old = Buffer.from(`\0${join(site, "torch/lib")}\0`);
  const at = bytes.indexOf(old);
  if (at < 0) {
    throw new EnvironmentError("the compiled addon cannot be moved to another folder", {
      why: `${addon} does not name the folder of torch, ${join(site, "torch/lib")}`,
      todo: "remove .tunewright/addon, so that it is compiled again",
    });
  }
  bytes.fill(0, at, at + old.length);
  bytes.write("$ORIGIN", at + 1, "latin1");
  return bytes;
}

/** bitsandbytes' libraries for a CUDA version are among those of a folder. */
export function hasBitsandbytesFor(folder: string, cudaVersion: string | null): boolean {
  if (cudaVersion === null) return true;
  const start = `libbitsandbytes_cuda${cudaVersion.split(".")[0]}`;
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(start));
}
