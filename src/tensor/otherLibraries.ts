/** Whether the environment puts libraries of another torch before ours. */
import { readdirSync, realpathSync } from "node:fs";
import { basename } from "node:path";

/** Libraries that our addon loads by name: libtorch's, and the C++ run time. */
const loaded = /^(libtorch|libc10|libstdc\+\+)[\w-]*\.so/;

/**
 * What would explain that the addon does not load although set-up was right: the dynamic linker looks in
 * `LD_LIBRARY_PATH` and at `LD_PRELOAD` before it looks beside the addon.
 *
 * @param own folder of the libraries that the addon was made for
 */
export function otherLibraries(
  env: Readonly<Record<string, string | undefined>>,
  own: string,
): string | undefined {
  const folders = (env.LD_LIBRARY_PATH ?? "").split(":").filter(Boolean);
  for (const folder of folders) {
    const name = namesIn(folder).find((one) => loaded.test(one));
    if (name === undefined || isSame(folder, own)) continue;
    return `LD_LIBRARY_PATH has ${folder}, whose ${name} is taken before the one in ${own}`;
  }
  const preloaded = (env.LD_PRELOAD ?? "")
    .split(/[ :]/)
    .find((file) => loaded.test(basename(file)));
  return preloaded && `LD_PRELOAD has ${preloaded}, which is taken before the one in ${own}`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isSame(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}
