// Whether a bundle fits this machine, and whether it is whole.
import fs from "node:fs";
import path from "node:path";
import { sha256 } from "./files.mjs";
import { SetupError } from "./run.mjs";

/** What to do about a bundle that is not whole. */
export const COPY_AGAIN = "copy or unpack the bundle once more, then run the same command again";

/** This machine, as far as compiled files depend on it; `glibc` is `null` on a system without it. */
export function thisMachine() {
  process.report.excludeNetwork = true;
  const { glibcVersionRuntime = null } = process.report.getReport().header;
  return { system: process.platform, arch: process.arch, glibc: glibcVersionRuntime };
}

function older(version, least) {
  const [major, minor] = version.split(".").map(Number);
  const [leastMajor, leastMinor] = least.split(".").map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

/** @throws SetupError where the bundle was made for another kind of machine */
export function refuseOtherMachine(manifest, machine = thisMachine()) {
  const todo = "make a bundle on a machine like this one";
  const kind = ({ system, arch }) => `${system}-${arch}`;
  if (kind(machine) !== kind(manifest)) {
    throw new SetupError(`the bundle is for ${kind(manifest)}, and this is ${kind(machine)}`, {
      why: "compiled files run on one kind of machine only",
      todo,
    });
  }
  if (machine.glibc === null) {
    throw new SetupError(
      "the bundle needs the GNU C library (glibc), and this system has another",
      {
        why: "libtorch and Node.js are built for glibc; Alpine, for example, has musl",
        todo: "use a system with glibc: Debian, Ubuntu, Fedora, RHEL, …",
      },
    );
  }
  if (older(machine.glibc, manifest.glibc)) {
    throw new SetupError(
      `the bundle needs glibc ${manifest.glibc} or newer, and this system has ${machine.glibc}`,
      {
        why: "its libraries are compiled against the newer one",
        todo: `use a newer system, or ${todo}`,
      },
    );
  }
}

/** Files that a user may have changed on purpose: the sources, not what was packed beside them. */
const isSource = (name) => !/^(bundle|models|data)\//.test(name);

/** What is wrong with a file of the manifest: `missing`, `damaged`, or nothing. */
function fault(root, name, expected, thorough) {
  const file = path.join(root, name);
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return "missing";
  if (typeof expected === "string") {
    return stat.isSymbolicLink() && fs.readlinkSync(file) === expected ? undefined : "damaged";
  }
  const [bytes, hash] = expected;
  if (!stat.isFile() || stat.size !== bytes) return "damaged";
  return thorough && sha256(file) !== hash ? "damaged" : undefined;
}

/**
 * Compares a bundle's files with its manifest.
 *
 * @param thorough whether contents are compared as well, not only sizes
 * @returns names of sources that were changed
 * @throws SetupError where files are missing or damaged
 */
export function verifyFiles(root, files, thorough) {
  const faults = [];
  const changed = [];
  for (const [name, expected] of Object.entries(files)) {
    const what = fault(root, name, expected, thorough);
    if (what === "damaged" && isSource(name)) changed.push(name);
    else if (what) faults.push(`${name} is ${what}`);
  }
  if (faults.length > 0) {
    const count = Object.keys(files).length;
    throw new SetupError(
      `${faults.length} of the ${count} files of the bundle are missing or damaged`,
      {
        why: faults.slice(0, 3).join("; ") + (faults.length > 3 ? "; …" : ""),
        todo: COPY_AGAIN,
      },
    );
  }
  return changed;
}
