/** The manifest of a bundle: for what machine it is, its versions, and every file with its SHA-256. */
import { createHash } from "node:crypto";
import { createReadStream, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** A file: its bytes and its SHA-256 (hex); a symbolic link: its target. */
export type ManifestFile = readonly [bytes: number, sha256: string] | string;

export interface Manifest {
  format: number;
  /** Version of Tunewright, and the commit where it is known. */
  tunewright: string;
  commit: string | null;
  made: string;
  system: string;
  arch: string;
  /** The oldest glibc that all its files run with. */
  glibc: string;
  /** The version that packed; whether the program is in the bundle. */
  node: { version: string; packed: boolean };
  torch: { version: string; cudaVersion: string | null; cxx11Abi: boolean };
  bitsandbytes: { version: string };
  /** What each compiled addon was made from. */
  addons: Readonly<Record<string, string>>;
  /** Hash of the sources that `dist` was built from. */
  dist: string;
  builtinModel: boolean;
  models: readonly string[];
  data: readonly string[];
  files: Readonly<Record<string, ManifestFile>>;
}

/** What was learnt from reading all files of a bundle. */
export interface Inventory {
  files: Record<string, ManifestFile>;
  bytes: number;
  glibc: string;
}

/** Files that the dynamic linker reads, apart from the addons: those are compiled anew where they do not load. */
const linked = /\.so(\.[\d.]+)?$|\.node$|\/bin\/node$/;
const compiledAnew = /\/(addons\/|torch\/lib\/tunewright\.node$)/;

/** Hashes every file below `root` and finds the newest glibc that a library of it asks for. */
export async function takeInventory(root: string): Promise<Inventory> {
  const inventory: Inventory = { files: {}, bytes: 0, glibc: "2.17" };
  const visit = async (inside: string): Promise<void> => {
    for (const name of readdirSync(join(root, inside)).sort()) {
      const path = inside === "" ? name : `${inside}/${name}`;
      const file = join(root, path);
      const stat = lstatSync(file);
      if (stat.isDirectory()) await visit(path);
      else if (stat.isSymbolicLink()) inventory.files[path] = readlinkSync(file);
      else {
        const { sha256, glibc } = await readFileFacts(file);
        inventory.files[path] = [stat.size, sha256];
        inventory.bytes += stat.size;
        if (!linked.test(path) || compiledAnew.test(path)) continue;
        if (isNewer(glibc, inventory.glibc)) inventory.glibc = glibc;
      }
    }
  };
  await visit("");
  return inventory;
}

/** SHA-256 of a file and the newest version of glibc's symbols that it names ("0.0" for none). */
async function readFileFacts(file: string): Promise<{ sha256: string; glibc: string }> {
  const hash = createHash("sha256");
  let glibc = "0.0";
  let tail = "";
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    if (!linked.test(file)) continue;
    const text = tail + (chunk as Buffer).toString("latin1");
    for (const [, version = ""] of text.matchAll(/GLIBC_(2\.\d{1,2})(?!\d)/g)) {
      if (isNewer(version, glibc)) glibc = version;
    }
    tail = text.slice(-16);
  }
  return { sha256: hash.digest("hex"), glibc };
}

function isNewer(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split(".").map(Number);
  return major > thanMajor || (major === thanMajor && minor > thanMinor);
}
