/** An engine with another build of torch than this checkout's: fetched with pip, its addon compiled. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, EnvironmentError } from "../../util/errors.js";
import { readRuntime } from "../machine.js";
import { type Engine, engineHere, hasBitsandbytesFor } from "./engine.js";
import type { CheckoutPaths, SetupScripts } from "./setupScripts.js";

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
  const python = await setup.pythonWithPip(paths, [
    readRuntime()?.python,
    setup.findSystemPython()?.executable,
  ]);
  const site = join(scratch, "site");
  say(`fetching torch ${setup.TORCH_VERSION} (${build}) …`);
  await fetchTorch(build, site, scratch, { python, paths, setup });
  const torch = readVersion(site);
  if (!isBuild(torch, build)) {
    throw new EnvironmentError(`there is no build ${build} of torch ${setup.TORCH_VERSION} here`, {
      why: `pip found torch ${torch.version}, for ${torch.cudaVersion ? `CUDA ${torch.cudaVersion}` : "the CPU"}`,
      todo: "name a build that your package index has",
    });
  }
  const bitsandbytes = await bitsandbytesFor(torch.cudaVersion, here, scratch, {
    python,
    paths,
    setup,
  });
  say("compiling the addon for it …");
  const addon = await setup.buildAddon(paths, { ...torch, folder: join(site, "torch") });
  return { torch, site, addon, bitsandbytes };
}

interface Tools {
  python: string;
  paths: CheckoutPaths;
  setup: SetupScripts;
}

function isBuild(torch: { version: string; cudaVersion: string | null }, build: string): boolean {
  return torch.cudaVersion === cudaOf(build);
}

/** Unpacks torch's wheel, and those of NVIDIA's libraries that it requires, into `site`. */
async function fetchTorch(
  build: string,
  site: string,
  scratch: string,
  tools: Tools,
): Promise<void> {
  const { python, paths, setup } = tools;
  const version = setup.TORCH_VERSION;
  const index = ["--index-url", setup.torchIndex(build), "--retries", "1", "--timeout", "20"];
  const sources = [
    { requirement: `torch==${version}+${build}`, extra: [] },
    { requirement: `torch==${version}+${build}`, extra: index },
    { requirement: `torch==${version}`, extra: [] },
  ];
  for (const [number, { requirement, extra }] of sources.entries()) {
    const wheels = await setup.resolveWheels(python, requirement, extra, paths);
    if (wheels === null) continue;
    const wanted = wheels.filter(({ name }) => name === "torch" || /^nvidia-/.test(name));
    for (const wheel of wanted) {
      const folder = join(scratch, `wheels-${number}`, wheel.name);
      const exact = `${wheel.name}==${wheel.version}`;
      const file = await setup.downloadWheel(python, exact, folder, paths, { arguments: extra });
      await setup.unpackWhole(python, file, site, paths);
    }
    return;
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
