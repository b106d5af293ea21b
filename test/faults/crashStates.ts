/**
 * What a disk may hold after a crash. Of a list of operations the first k were done; what was synced
 * is there, and of the rest any part may be missing: bytes of files, and changes of directories one
 * by one (a name is durable only once its directory is synced). A file without a name is gone.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { Operation } from "./recordFiles.js";

/** Contents of a directory by relative path; null for a directory. */
export type Tree = ReadonlyMap<string, Buffer | null>;

export interface CrashState {
  /** Operations that were done. */
  done: number;
  /** What was lost of them. */
  loss: string;
  tree: Tree;
}

interface Inode {
  isDirectory: boolean;
  bytes: Buffer;
  /** Bytes at the last sync; a file that never was synced may be empty. */
  synced: Buffer;
}

/** A change of one name or, for a rename, of two at once. */
interface Change {
  entries: readonly { folder: Inode; name: string; inode: Inode | undefined }[];
  isDurable: boolean;
}

export function readTree(root: string): Tree {
  const entries = fs.readdirSync(root, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => !entry.name.endsWith(".lock"))
      .map((entry) => {
        const full = path.join(entry.parentPath, entry.name);
        return [path.relative(root, full), entry.isDirectory() ? null : fs.readFileSync(full)];
      }),
  );
}

export function writeTree(root: string, tree: Tree): void {
  fs.rmSync(root, { recursive: true, force: true });
  fs.mkdirSync(root, { recursive: true });
  for (const [name, bytes] of [...tree].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (bytes === null) fs.mkdirSync(path.join(root, name));
    else fs.writeFileSync(path.join(root, name), bytes);
  }
}

export const treeKey = (tree: Tree): string => {
  const hash = createHash("sha1");
  for (const [name, bytes] of [...tree].sort(([one], [other]) => (one < other ? -1 : 1)))
    hash.update(`${name}\0${bytes === null ? "/" : bytes.length}\0`).update(bytes ?? "");
  return hash.digest("hex");
};

/** All crash states of a list of operations, each different content once. */
export function* crashStates(
  root: string,
  before: Tree,
  operations: readonly Operation[],
): Generator<CrashState> {
  const seen = new Set<string>();
  for (let done = 0; done <= operations.length; done++) {
    const disk = replay(root, before, operations.slice(0, done));
    for (const [loss, tree] of variants(disk, operations[done - 1], root)) {
      const key = treeKey(tree);
      if (seen.has(key)) continue;
      seen.add(key);
      yield { done, loss, tree };
    }
  }
}

/** The states after a crash in which nothing is lost that the system had taken: those of `kill -9`. */
export function* killStates(
  root: string,
  before: Tree,
  operations: readonly Operation[],
): Generator<CrashState> {
  for (let done = 0; done <= operations.length; done++) {
    const disk = replay(root, before, operations.slice(0, done));
    yield {
      done,
      loss: "nothing",
      tree: assemble(
        disk,
        () => true,
        ({ bytes }) => bytes,
      ),
    };
  }
}

interface Disk {
  top: Inode;
  start: ReadonlyMap<Inode, ReadonlyMap<string, Inode>>;
  changes: Change[];
}

const newInode = (isDirectory: boolean, bytes: Buffer = Buffer.alloc(0)): Inode => ({
  isDirectory,
  bytes,
  synced: bytes,
});

function replay(root: string, before: Tree, operations: readonly Operation[]): Disk {
  const top = newInode(true);
  const byPath = new Map<string, Inode>([[root, top]]);
  const start = new Map<Inode, Map<string, Inode>>([[top, new Map()]]);
  for (const [name, bytes] of [...before].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const full = path.join(root, name);
    const inode = newInode(bytes === null, bytes ?? undefined);
    byPath.set(full, inode);
    if (bytes === null) start.set(inode, new Map());
    start.get(byPath.get(path.dirname(full))!)!.set(path.basename(full), inode);
  }
  const changes: Change[] = [];
  const entry = (full: string, inode: Inode | undefined) => ({
    folder: byPath.get(path.dirname(full))!,
    name: path.basename(full),
    inode,
  });
  const move = (from: string, to: string) => {
    for (const [full, inode] of [...byPath]) {
      if (full === to || full.startsWith(`${to}/`)) byPath.delete(full);
      if (full !== from && !full.startsWith(`${from}/`)) continue;
      byPath.delete(full);
      byPath.set(to + full.slice(from.length), inode);
    }
  };
  for (const operation of operations) {
    switch (operation.kind) {
      case "mkdir":
      case "create": {
        const inode = newInode(operation.kind === "mkdir");
        changes.push({ entries: [entry(operation.path, inode)], isDurable: false });
        byPath.set(operation.path, inode);
        break;
      }
      case "unlink":
      case "rmdir":
        changes.push({ entries: [entry(operation.path, undefined)], isDurable: false });
        byPath.delete(operation.path);
        break;
      case "rename": {
        const inode = byPath.get(operation.from)!;
        const entries = [entry(operation.from, undefined), entry(operation.to, inode)];
        changes.push({ entries, isDurable: false });
        move(operation.from, operation.to);
        break;
      }
      case "link": {
        const inode = byPath.get(operation.from)!;
        changes.push({ entries: [entry(operation.to, inode)], isDurable: false });
        byPath.set(operation.to, inode);
        break;
      }
      case "truncate": {
        const inode = byPath.get(operation.path)!;
        inode.bytes = resized(inode.bytes, operation.size);
        break;
      }
      case "write": {
        const inode = byPath.get(operation.path)!;
        const end = operation.at + operation.bytes.length;
        inode.bytes = resized(inode.bytes, Math.max(end, inode.bytes.length));
        operation.bytes.copy(inode.bytes, operation.at);
        break;
      }
      case "sync": {
        const inode = byPath.get(operation.path)!;
        inode.synced = inode.bytes;
        for (const change of changes)
          if (change.entries.some(({ folder }) => folder === inode)) change.isDurable = true;
        break;
      }
    }
  }
  return { top, start, changes };
}

const resized = (bytes: Buffer, size: number): Buffer => {
  const result = Buffer.alloc(size);
  bytes.copy(result);
  return result;
};

/** @param keeps whether a change reached the disk @param content what the disk has of a file */
function assemble(
  { top, start, changes }: Disk,
  keeps: (change: Change) => boolean,
  content: (inode: Inode) => Buffer,
): Tree {
  const folders = new Map([...start].map(([folder, names]) => [folder, new Map(names)]));
  for (const change of changes.filter(keeps)) {
    for (const { folder, name, inode } of change.entries) {
      const names = folders.get(folder) ?? new Map<string, Inode>();
      folders.set(folder, names);
      if (inode) names.set(name, inode);
      else names.delete(name);
    }
  }
  const tree = new Map<string, Buffer | null>();
  const visit = (folder: Inode, prefix: string) => {
    for (const [name, inode] of folders.get(folder) ?? []) {
      tree.set(prefix + name, inode.isDirectory ? null : content(inode));
      if (inode.isDirectory) visit(inode, `${prefix}${name}/`);
    }
  };
  visit(top, "");
  return tree;
}

function* variants(
  disk: Disk,
  last: Operation | undefined,
  root: string,
): Generator<[string, Tree]> {
  const whole = ({ bytes }: Inode) => bytes;
  const synced = (inode: Inode) => inode.synced;
  const torn = (inode: Inode) =>
    inode.bytes === inode.synced
      ? inode.bytes
      : inode.bytes.subarray(0, Math.floor((inode.synced.length + inode.bytes.length) / 2));
  // A file system may have made a file longer before its bytes arrive.
  const zeros = (inode: Inode) => resized(inode.synced, inode.bytes.length);
  const contents = {
    nothing: whole,
    bytes: synced,
    "half of the bytes": torn,
    "bytes, as zeros": zeros,
  };
  const open = disk.changes.filter(({ isDurable }) => !isDurable);
  for (const [name, content] of Object.entries(contents)) {
    yield [name, assemble(disk, () => true, content)];
    yield [`${name}, all names`, assemble(disk, ({ isDurable }) => isDurable, content)];
    for (const [i, change] of open.entries()) {
      const later = new Set(open.slice(i));
      yield [
        `${name}, names from ${i + 1} of ${open.length}`,
        assemble(disk, (one) => !later.has(one), content),
      ];
      if (touchedLater(change, open.slice(i + 1))) continue;
      yield [
        `${name}, name ${i + 1} of ${open.length}`,
        assemble(disk, (one) => one !== change, content),
      ];
    }
  }
  if (last?.kind !== "write") return;
  const name = path.relative(root, last.path);
  for (const bytes of [0, 1, last.bytes.length >> 1, last.bytes.length - 1]) {
    const tree = new Map(assemble(disk, () => true, whole));
    tree.set(name, tree.get(name)?.subarray(0, last.at + bytes) ?? Buffer.alloc(0));
    yield [`the last write after ${bytes} bytes`, tree];
  }
}

/** Whether later changes build on this one, so that it cannot be the only one that is lost. */
function touchedLater(change: Change, later: readonly Change[]): boolean {
  return change.entries.some(({ folder, name, inode }) =>
    later.some(({ entries }) =>
      entries.some((one) => (one.folder === folder && one.name === name) || one.folder === inode),
    ),
  );
}
