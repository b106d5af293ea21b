/** The functions of set-up that bundling shares, with their types: they are plain scripts outside `src/`. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../../util/packageRoot.js";

/** Where set-up keeps things; the whole of it goes back to the scripts. */
export interface CheckoutPaths {
  root: string;
  state: string;
  log: string;
  lock: string;
}

/** Paths inside a bundle's folder `bundle/`. */
export interface BundleParts {
  manifest: string;
  packages: string;
  site: string;
  bitsandbytes: string;
  addon: string;
  addons: string;
  dist: string;
  models: string;
  node: string;
}

/** A torch that the addon is compiled against. */
export interface TorchFolder {
  version: string;
  folder: string;
  cxx11Abi: boolean;
}

interface SmallAddon {
  name: string;
  /** Key of its path in runtime.json. */
  key: string;
}

/** One of the wheels that pip would install. */
export interface ResolvedWheel {
  name: string;
  version: string;
}

/** `SetupError` of the scripts: a failure with the last lines of the program that failed. */
export interface SetupFailure extends Error {
  why?: string;
  todo?: string;
  output?: string;
}

export interface SetupScripts {
  stopChildren(): Promise<void>;
  acquireLock(
    file: string,
    onWait: (owner: { pid: number; host: string }) => void,
  ): Promise<() => void>;
  checkoutPaths(): CheckoutPaths;
  sha256(file: string): string;
  addonKey(root: string, torchVersion: string): string;
  buildAddon(paths: CheckoutPaths, torch: TorchFolder): Promise<string>;
  smallAddons: readonly SmallAddon[];
  smallAddonKey(root: string, addon: SmallAddon): string;
  sourceHash(root: string): string;
  thisMachine(): { system: string; arch: string; glibc: string | null };
  BUNDLE_FORMAT: number;
  PARTS: BundleParts;
  TORCH_VERSION: string;
  torchIndex(build: string): string;
  BITSANDBYTES_VERSION: string;
  findSystemPython(): { executable: string } | null;
  pythonWithPip(
    paths: CheckoutPaths,
    candidates: readonly (string | null | undefined)[],
  ): Promise<string>;
  resolveWheels(
    python: string,
    requirement: string,
    extra: readonly string[],
    paths: CheckoutPaths,
  ): Promise<ResolvedWheel[] | null>;
  downloadWheel(
    python: string,
    requirement: string,
    folder: string,
    paths: CheckoutPaths,
    options: { arguments?: readonly string[] },
  ): Promise<string>;
  unpackWhole(python: string, wheel: string, folder: string, paths: CheckoutPaths): Promise<void>;
}

const files = [
  "run",
  "lock",
  "files",
  "addon",
  "smallAddons",
  "typescript",
  "bundle",
  "bundleChecks",
  "torch",
  "bitsandbytes",
  "prerequisites",
  "pip",
];

/** Loads the scripts of set-up. */
export async function loadSetupScripts(): Promise<SetupScripts> {
  const scripts = join(packageRoot(), "scripts/setup");
  const modules = await Promise.all(
    files.map((name) => import(pathToFileURL(join(scripts, `${name}.mjs`)).href)),
  );
  return Object.assign({}, ...modules) as SetupScripts;
}
