/** Pieces: what goes into a bundle, as a list of files and folders here and where they lie there. */
import {
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError, EnvironmentError } from "../../util/errors.js";
import { brokenLink } from "../../util/missingPath.js";

/** A file or folder on this machine and its place in the bundle. */
export interface Piece {
  from: string;
  /** Path in the bundle, relative to its root. */
  to: string;
  /** Which files of a folder go along, by their paths inside it; default: all. */
  keep?: (path: string) => boolean;
  /** Files of a folder whose text is another in the bundle. */
  texts?: Readonly<Record<string, string>>;
  /** Whether the user named it: then all of it must be there, without broken links. */
  isUsers?: boolean;
}

/** One file of a piece. */
interface PieceFile {
  from: string;
  to: string;
  /** Target of a symbolic link that is kept as one: it points to somewhere inside the piece. */
  link?: string;
  /** What it holds instead of what `from` holds. */
  text?: string;
  bytes: number;
}

/**
 * Files of a piece. Links inside a folder stay links; those that lead out of it become what they lead to.
 *
 * @throws ConfigError for what the user named and cannot be copied: pipes and devices, broken links,
 *   a link to a folder that it lies in
 */
export function filesOfPiece(piece: Piece): PieceFile[] {
  const { from, to, keep = () => true, texts = {} } = piece;
  if (!statSync(from).isDirectory()) return isCopied(piece, from) ? [fileOf(from, to)] : [];
  const found: PieceFile[] = [];
  const visit = (inside: string, above: readonly string[]): void => {
    for (const name of readdirSync(join(from, inside)).sort()) {
      const path = inside === "" ? name : `${inside}/${name}`;
      const file = join(from, path);
      const link = lstatSync(file).isSymbolicLink() ? readlinkSync(file) : undefined;
      const target = link === undefined ? undefined : targetInside(inside, link);
      if (link !== undefined && target !== undefined && keep(target) && existsSync(file)) {
        if (keep(path)) found.push({ from: file, to: `${to}/${path}`, link, bytes: 0 });
      } else if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
        visit(path, refuseLoop(above, file));
      } else if (keep(path) && isCopied(piece, file)) {
        const text = texts[path];
        found.push({ ...fileOf(file, `${to}/${path}`), ...(text === undefined ? {} : { text }) });
      }
    }
  };
  visit("", refuseLoop([], from));
  return found;
}

const fileOf = (from: string, to: string) => ({ from, to, bytes: statSync(from).size });

/** Whether a file goes along; what belongs to a package and leads nowhere is left out without a word. */
function isCopied({ isUsers = false }: Piece, file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile()) return true;
  if (!isUsers) return false;
  if (stat) {
    throw new ConfigError(`${file} is no file that can be copied`, {
      why: "it is a pipe, a socket or a device",
      todo: "write what it gives to a file first",
    });
  }
  throw new ConfigError(`${file} cannot be packed`, {
    why: brokenLink(file) ?? "it does not exist any more",
    todo: "correct or remove the link",
  });
}

/** @param above real paths of the folders that `folder` lies in */
function refuseLoop(above: readonly string[], folder: string): string[] {
  const real = realpathSync(folder);
  if (!above.includes(real)) return [...above, real];
  throw new ConfigError(`${folder} cannot be packed`, {
    why: `it is a link to ${real}, a folder that it lies in itself`,
    todo: "remove the link",
  });
}

/** Path inside the piece that a relative link in its folder `inside` leads to; none where it leads out. */
function targetInside(inside: string, link: string): string | undefined {
  if (link.startsWith("/")) return undefined;
  const parts = [...inside.split("/").filter(Boolean)];
  for (const part of link.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
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
  if (file.text !== undefined) {
    await writeFile(target, file.text);
    return;
  }
  await copyFile(file.from, target, constants.COPYFILE_FICLONE);
  const executable = (statSync(file.from).mode & 0o100) !== 0;
  await chmod(target, executable ? 0o755 : 0o644);
}
