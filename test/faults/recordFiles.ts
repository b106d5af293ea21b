/**
 * Records, or makes fail, what this process does to the files below a directory. Node's own functions
 * are wrapped, so that nothing is missed: weights, tokenizer and logs as well as checkpoints.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";

/** One operation; paths are absolute. */
export type Operation =
  | { kind: "mkdir" | "create" | "unlink" | "rmdir" | "sync"; path: string }
  | { kind: "truncate"; path: string; size: number }
  | { kind: "write"; path: string; at: number; bytes: Buffer }
  | { kind: "rename" | "link"; from: string; to: string }
  /** Not of the disk: what the run has told by now. */
  | { kind: "mark"; saved: number };

/** Asked before an operation; what it throws, the caller gets. A number lets fewer bytes through. */
export type Gate = (operation: Operation) => number | undefined;

type Wrapped = Pick<
  typeof fs,
  | "openSync"
  | "closeSync"
  | "writeSync"
  | "fsyncSync"
  | "ftruncateSync"
  | "truncateSync"
  | "renameSync"
  | "linkSync"
  | "copyFileSync"
  | "mkdirSync"
  | "rmSync"
  | "unlinkSync"
  | "writeFileSync"
  | "appendFileSync"
>;

/**
 * Runs an action while operations below `root` are recorded.
 *
 * @param gate may refuse one
 * @returns what was recorded, also where the action throws
 */
export async function recordFiles(
  root: string,
  action: (mark: (saved: number) => void) => Promise<void>,
  gate: Gate = () => undefined,
): Promise<{ operations: Operation[]; error: unknown }> {
  const operations: Operation[] = [];
  const undo = wrap(root, (operation) => {
    const bytes = gate(operation);
    const last = operations.at(-1);
    // A file that is written in many pieces counts as one write: a crash may tear it anywhere.
    if (
      operation.kind === "write" &&
      last?.kind === "write" &&
      last.path === operation.path &&
      last.at + last.bytes.length === operation.at &&
      !operation.path.endsWith(".jsonl")
    )
      last.bytes = Buffer.concat([last.bytes, operation.bytes]);
    else operations.push(operation);
    return bytes;
  });
  try {
    await action((saved) => operations.push({ kind: "mark", saved }));
    return { operations, error: undefined };
  } catch (error) {
    return { operations, error };
  } finally {
    undo();
  }
}

function wrap(root: string, note: Gate): () => void {
  const real = { ...fs } as typeof fs;
  const open = new Map<number, { path: string; at: number | "end" }>();
  const isOurs = (file: fs.PathLike): file is string =>
    typeof file === "string" && path.resolve(file).startsWith(root) && !file.endsWith(".lock");
  const size = (file: string) => real.statSync(file, { throwIfNoEntry: false })?.size;

  const writeBytes = (file: string, at: number, bytes: Buffer): number | undefined =>
    note({ kind: "write", path: file, at, bytes: Buffer.from(bytes) });

  const noteTree = (place: string): void => {
    if (real.lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) {
      for (const name of real.readdirSync(place)) noteTree(path.join(place, name));
      note({ kind: "rmdir", path: place });
    } else if (size(place) !== undefined) note({ kind: "unlink", path: place });
  };

  const wrapped: { [Name in keyof Wrapped]: (...given: never[]) => unknown } = {
    openSync(file: fs.PathLike, flags: fs.OpenMode = "r", mode?: fs.Mode) {
      if (!isOurs(file) || typeof flags !== "string" || flags === "r")
        return real.openSync(file, flags, mode);
      const before = size(file);
      if (before === undefined) note({ kind: "create", path: file });
      else if (flags.startsWith("w") && before > 0) note({ kind: "truncate", path: file, size: 0 });
      const descriptor = real.openSync(file, flags, mode);
      open.set(descriptor, { path: file, at: flags.startsWith("a") ? "end" : 0 });
      return descriptor;
    },
    closeSync(descriptor: number) {
      open.delete(descriptor);
      real.closeSync(descriptor);
    },
    writeSync(descriptor: number, bytes: Uint8Array, offset = 0, length?: number, at?: number) {
      const file = open.get(descriptor);
      const count = length ?? bytes.byteLength - offset;
      if (!file) return real.writeSync(descriptor, bytes, offset, count, at);
      const place = at ?? (file.at === "end" ? (size(file.path) ?? 0) : file.at);
      const part = Buffer.from(bytes.buffer, bytes.byteOffset + offset, count);
      const allowed = writeBytes(file.path, place, part) ?? count;
      const written = real.writeSync(descriptor, bytes, offset, allowed, at);
      if (file.at !== "end") file.at = place + written;
      return written;
    },
    fsyncSync(descriptor: number) {
      const file = open.get(descriptor)?.path ?? real.readlinkSync(`/proc/self/fd/${descriptor}`);
      if (isOurs(file)) note({ kind: "sync", path: file });
    },
    ftruncateSync(descriptor: number, length = 0) {
      const file = open.get(descriptor);
      if (file) note({ kind: "truncate", path: file.path, size: length });
      real.ftruncateSync(descriptor, length);
    },
    truncateSync(file: fs.PathLike, length = 0) {
      if (isOurs(file)) note({ kind: "truncate", path: file, size: length });
      real.truncateSync(file, length);
    },
    renameSync(from: fs.PathLike, to: fs.PathLike) {
      if (isOurs(from) && isOurs(to)) note({ kind: "rename", from, to });
      real.renameSync(from, to);
    },
    linkSync(from: fs.PathLike, to: fs.PathLike) {
      if (isOurs(from) && isOurs(to)) note({ kind: "link", from, to });
      real.linkSync(from, to);
    },
    copyFileSync(from: fs.PathLike, to: fs.PathLike, mode?: number) {
      if (isOurs(to)) {
        note({ kind: "create", path: to });
        writeBytes(to, 0, real.readFileSync(from));
      }
      real.copyFileSync(from, to, mode);
    },
    mkdirSync(place: fs.PathLike, options?: fs.MakeDirectoryOptions) {
      if (isOurs(place)) {
        const missing: string[] = [];
        for (let at = path.resolve(place); !real.existsSync(at); at = path.dirname(at))
          missing.unshift(at);
        for (const at of missing) note({ kind: "mkdir", path: at });
      }
      return real.mkdirSync(place, options);
    },
    rmSync(place: fs.PathLike, options?: fs.RmOptions) {
      if (isOurs(place)) noteTree(place);
      real.rmSync(place, options);
    },
    unlinkSync(file: fs.PathLike) {
      if (isOurs(file)) note({ kind: "unlink", path: file });
      real.unlinkSync(file);
    },
    writeFileSync(file: fs.PathOrFileDescriptor, data: string, options?: fs.WriteFileOptions) {
      if (typeof file === "number" || !isOurs(file as string))
        return real.writeFileSync(file, data, options);
      const flag = (typeof options === "object" && options?.flag) || "w";
      const descriptor = wrapped.openSync(...([file, flag] as never[])) as number;
      const bytes = Buffer.from(data);
      try {
        for (let at = 0; at < bytes.length; ) {
          const given = [descriptor, bytes, at, bytes.length - at] as never[];
          at += wrapped.writeSync(...given) as number;
        }
      } finally {
        wrapped.closeSync(...([descriptor] as never[]));
      }
    },
    appendFileSync(file: fs.PathOrFileDescriptor, data: string) {
      wrapped.writeFileSync(...([file, data, { flag: "a" }] as never[]));
    },
  };
  Object.assign(fs, wrapped);
  syncBuiltinESMExports();
  return () => {
    Object.assign(
      fs,
      Object.fromEntries(Object.keys(wrapped).map((name) => [name, real[name as keyof Wrapped]])),
    );
    syncBuiltinESMExports();
  };
}
