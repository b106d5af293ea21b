/** Pieces: what goes into a bundle, as a list of files and folders here and where they lie there. */
import { constants, existsSync, lstatSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { chmod, copyFile, mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EnvironmentError } from "../../util/errors.js";

/** A file or folder on this machine and its place in the bundle. */
export interface Piece {
  from: string;
  /** Path in the bundle, relative to its root. */
  to: string;
  /** Which files of a folder go along, by their paths inside it; default: all. */
  keep?: (path: string) => boolean;
}

/** One file of a piece. */
interface PieceFile {
  from: string;
  to: string;
  /** Target of a symbolic link that is kept as one: it points to somewhere inside the piece. */
  link?: string;
  bytes: number;
}

/** Files of a piece. Links inside a folder stay links; those that lead out of it become what they lead to. */
export function filesOfPiece({ from, to, keep = () => true }: Piece): PieceFile[] {
  if (!statSync(from).isDirectory()) return [{ from, to, bytes: statSync(from).size }];
  const found: PieceFile[] = [];
  const visit = (inside: string): void => {
    for (const name of readdirSync(join(from, inside)).sort()) {
      const path = inside === "" ? name : `${inside}/${name}`;
      const file = join(from, path);
      const stat = lstatSync(file);
      const link = stat.isSymbolicLink() ? readlinkSync(file) : undefined;
      if (link !== undefined && staysInside(inside, link)) {
        if (keep(path)) found.push({ from: file, to: `${to}/${path}`, link, bytes: 0 });
      } else if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
        visit(path);
      } else if (existsSync(file) && keep(path)) {
        found.push({ from: file, to: `${to}/${path}`, bytes: statSync(file).size });
      }
    }
  };
  visit("");
  return found;
}

/** Whether a relative link in the folder `inside` of a piece leads to a place in the piece. */
function staysInside(inside: string, link: string): boolean {
  if (link.startsWith("/")) return false;
  const parts = [...inside.split("/").filter(Boolean)];
  for (const part of link.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return false;
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return true;
}

/** Copies a file of a piece into the tree of the bundle, readable for everybody. */
export async function copyPieceFile(file: PieceFile, tree: string): Promise<void> {
  const target = join(tree, file.to);
  await mkdir(dirname(target), { recursive: true });
  if (file.link !== undefined) {
    await symlink(file.link, target).catch((cause: Error) => {
      throw new EnvironmentError("the disk of --out has no symbolic links", {
        why: cause.message,
        todo: "write an archive there (--out FILE.tar.gz) instead of a folder",
        cause,
      });
    });
    return;
  }
  await copyFile(file.from, target, constants.COPYFILE_FICLONE);
  const executable = (statSync(file.from).mode & 0o100) !== 0;
  await chmod(target, executable ? 0o755 : 0o644);
}
