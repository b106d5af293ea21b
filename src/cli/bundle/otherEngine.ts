/** An engine with another build of torch than this checkout's: fetched with pip, its addon compiled. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, EnvironmentError } from "../../util/errors.js";
import { readRuntime } from "../machine.js";
import { type Engine, engineHere, hasBitsandbytesFor } from "./engine.js";
import type { CheckoutPaths, ResolvedWheel, SetupScripts } from "./setupScripts.js";

/** Builds of torch as PyTorch's package index names them. */
const builds = /^(cpu|cu\d{3})$/;

/** @throws ConfigError for a word that names no build of torch */
export function checkBuild(build: string): void {
  if (builds.test(build)) return;
  throw new ConfigError(`--torch ${build}: not a build of torch`, {
    todo: "use cpu, or cu and three digits as PyTorch's package index names its builds: cu126, cu130, …",
  });
}

/** The CUDA version that a build's name states: `cu130` is 13.0. */
const cudaOf = (build: string) =>
  build === "cpu" ? null : `${build.slice(2, 4)}.${build.slice(4)}`;

/**
 * @param build `cpu`, `cu130`, …
 * @param scratch an empty folder for downloads
 * @param say says what is being done
 */
export async function otherEngine(
  build: string,
  scratch: string,
  setup: SetupScripts,
  say: (line: string) => void,
): Promise<Engine> {
  const here = engineHere();
  if (isBuild(here.torch, build)) return here;
  const paths = setup.checkoutPaths();
  // Its programs and folders are those of set-up, which ends what an earlier one seems to have left running.
  const release = await setup.acquireLock(paths.lock, ({ pid }) => {
    say(`waiting for the set-up of this checkout (process ${pid}) …`);
  });
  try {
    const python = await setup.pythonWithPip(paths, [
      readRuntime()?.python,
      setup.findSystemPython()?.executable,
    ]);
    const tools = { python, paths, setup };
    const site = join(scratch, "site");
    say(`fetching torch ${setup.TORCH_VERSION} (${build}) …`);
    const torch = await fetchTorch(build, site, scratch, tools);
    const bitsandbytes = await bitsandbytesFor(torch.cudaVersion, here, scratch, tools);
    const addon = await setup.buildAddon(paths, { ...torch, folder: join(site, "torch") });
    return { torch, site, addon, bitsandbytes };
  } finally {
    release();
  }
}

interface Tools {
  python: string;
  paths: CheckoutPaths;
  setup: SetupScripts;
}

function isBuild(torch: { version: string; cudaVersion: string | null }, build: string): boolean {
  return torch.cudaVersion === cudaOf(build);
}

/**
 * Unpacks torch's wheel, and those of NVIDIA's libraries that it requires, into `site`.
 *
 * @throws EnvironmentError where no index has this build; before NVIDIA's libraries (gigabytes) are fetched
 */
async function fetchTorch(
  build: string,
  site: string,
  scratch: string,
  tools: Tools,
): Promise<Engine["torch"]> {
  const { python, paths, setup } = tools;
  const version = setup.TORCH_VERSION;
  const index = ["--index-url", setup.torchIndex(build), "--retries", "1", "--timeout", "20"];
  // The last is the build that PyPI has, without a name behind the version: `===`, since `==` takes `+cpu` for it too.
  const sources = [
    { requirement: `torch==${version}+${build}`, extra: [] },
    { requirement: `torch==${version}+${build}`, extra: index },
    { requirement: `torch===${version}`, extra: [] },
  ];
  for (const [number, { requirement, extra }] of sources.entries()) {
    const wheels = await setup.resolveWheels(python, requirement, extra, paths);
    if (wheels === null) continue;
    const unpack = async ({ name, version: found }: ResolvedWheel) => {
      const folder = join(scratch, `wheels-${number}`, name);
      const options = { arguments: extra };
      const exact = `${name}===${found}`;
      const file = await setup.downloadWheel(python, exact, folder, paths, options);
      await setup.unpackWhole(python, file, site, paths);
      rmSync(folder, { recursive: true });
    };
    for (const wheel of wheels) if (wheel.name === "torch") await unpack(wheel);
    const torch = readVersion(site);
    if (!isBuild(torch, build)) {
      throw new EnvironmentError(`there is no build ${build} of torch ${version} here`, {
        why: `pip found torch ${torch.version}, for ${torch.cudaVersion ? `CUDA ${torch.cudaVersion}` : "the CPU"}`,
        todo: "name a build that your package index has",
      });
    }
    for (const wheel of wheels) if (wheel.name.startsWith("nvidia-")) await unpack(wheel);
    return torch;
  }
  throw new EnvironmentError(`torch ${version} (${build}) cannot be fetched`, {
    why: "neither pip's own package index nor PyTorch's has it, or neither answers",
    todo: `check the network and pip's settings (all that pip said: ${paths.log})`,
  });
}

function readVersion(site: string): Engine["torch"] {
  const text = readFileSync(join(site, "torch/version.py"), "utf8");
  const version = /^__version__ = '(.+)'/m.exec(text)?.[1] ?? "";
  return { version, cudaVersion: /^cuda\b.*= '([\d.]+)'/m.exec(text)?.[1] ?? null, cxx11Abi: true };
}

async function bitsandbytesFor(
  cudaVersion: string | null,
  here: Engine,
  scratch: string,
  { python, paths, setup }: Tools,
): Promise<Engine["bitsandbytes"]> {
  const { folder } = here.bitsandbytes;
  if (hasBitsandbytesFor(folder, cudaVersion)) return here.bitsandbytes;
  const version = setup.BITSANDBYTES_VERSION;
  const wheels = join(scratch, "wheel-of-bitsandbytes");
  const exact = `bitsandbytes==${version}`;
  const wheel = await setup.downloadWheel(python, exact, wheels, paths, {});
  await setup.unpackWhole(python, wheel, join(scratch, "bitsandbytes"), paths);
  const unpacked = join(scratch, "bitsandbytes/bitsandbytes");
  if (!existsSync(unpacked) || !hasBitsandbytesFor(unpacked, cudaVersion)) {
    const found = existsSync(unpacked)
      ? readdirSync(unpacked).filter((x) => x.endsWith(".so"))
      : [];
    throw new EnvironmentError(`bitsandbytes ${version} has no library for CUDA ${cudaVersion}`, {
      why: `its wheel has ${found.join(", ") || "no libraries"}`,
      todo: "choose a build of torch with an older CUDA",
    });
  }
  return { version, folder: unpacked };
}
