/** A Node.js program for the other machine: the one that runs here, where it can be carried. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { makeFolders } from "../../util/makeFolders.js";

/** Libraries of the C and C++ run time, which every system with glibc has. */
const everywhere =
  /^(linux-vdso|ld-linux[\w-]*|lib(dl|stdc\+\+|m|gcc_s|pthread|c|rt|atomic))\.so(\.\d+)*$/;

/** Whether a program needs no libraries but those that every system has. */
export function standsAlone(program: string): boolean {
  const { status, stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
  if (status !== 0) return false;
  const names = [...stdout.matchAll(/^\s*(\S+)/gm)].map(([, name = ""]) => name.split("/").at(-1)!);
  return names.length > 0 && names.every((name) => everywhere.test(name));
}

/**
 * The running Node.js where it stands alone (a distribution's may need libraries of that
 * distribution), else the same version from its npm package; `undefined` where that cannot be had.
 *
 * @param scratch a folder for downloads
 */
export function portableNode(scratch: string): string | undefined {
  if (standsAlone(process.execPath)) return process.execPath;
  makeFolders(scratch);
  const name = `node-linux-${process.arch}@${process.versions.node}`;
  const options = { cwd: scratch, encoding: "utf8" } as const;
  if (spawnSync("npm", ["pack", "--silent", name], options).status !== 0) return undefined;
  const archive = readdirSync(scratch).find((file) => file.endsWith(".tgz"));
  if (archive === undefined) return undefined;
  spawnSync("tar", ["-xzf", archive, "package/bin/node"], options);
  const program = join(scratch, "package/bin/node");
  return standsAlone(program) ? program : undefined;
}
