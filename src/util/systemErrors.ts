/** What the system's errors mean to the person at the terminal, and what to do about them. */
import { TunewrightError } from "./errors.js";
import { brokenLink } from "./missingPath.js";

interface Explanation {
  what: string;
  todo: string;
}

const makeRoom = "free some space, or use another place";
const denied: Explanation = {
  what: "this user may not do that",
  todo: "correct the permissions, or use another place",
};

const explanations: Readonly<Record<string, Explanation>> = {
  EMFILE: {
    what: "too many open files",
    todo: "raise the limit of this shell, for example with: ulimit -n 1024 (ulimit -n shows it)",
  },
  ENFILE: { what: "too many open files on this machine", todo: "close other programs" },
  ENOSPC: { what: "the disk is full", todo: makeRoom },
  EDQUOT: { what: "the quota of this user is used up", todo: makeRoom },
  EFBIG: { what: "the file is larger than allowed here", todo: "raise the limit: ulimit -f" },
  EROFS: {
    what: "the file system is read-only",
    todo: "use another place, or mount it for writing",
  },
  EACCES: denied,
  EPERM: denied,
  ELOOP: { what: "a link leads back to itself", todo: "correct the link" },
  ENOENT: { what: "no such file or folder", todo: "check the path" },
  ENOTDIR: { what: "a part of the path is a file", todo: "check the path" },
  ENAMETOOLONG: { what: "a name is too long", todo: "use a shorter one" },
  EISDIR: { what: "it is a folder", todo: "give a file" },
  EIO: {
    what: "the disk cannot be read or written",
    todo: "look at the messages of the system: dmesg",
  },
  ESTALE: { what: "the network disk has lost the file", todo: "mount it again" },
  ENOMEM: { what: "the memory is used up", todo: "close other programs, or raise ulimit -v" },
  EAGAIN: { what: "the system has no room for another thread", todo: "raise ulimit -u" },
  ENOTSUP: { what: "the file system cannot do that", todo: "use another one" },
};

/**
 * Explains an error of the system that nobody expected where it came.
 *
 * @returns nothing where it is not one, or not a known one
 */
export function explainSystemError(error: unknown): TunewrightError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", path, syscall } = error as NodeJS.ErrnoException;
  const known = explanations[code];
  if (!known) return undefined;
  const link = path === undefined ? undefined : brokenLink(path);
  const call = syscall === undefined ? code : `${code} from ${syscall}`;
  return new TunewrightError(path === undefined ? known.what : `${path}: ${known.what}`, {
    why: link === undefined ? call : `${link} (${call})`,
    todo: link === undefined ? known.todo : "correct the link, or give another path",
    cause: error,
  });
}
