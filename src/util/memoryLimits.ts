/**
 * The limits on this process's memory: of the machine, of control groups (containers, Slurm,
 * Kubernetes), and of the shell's `ulimit`. Only the last refuses memory; above the others the kernel
 * kills, so whoever wants to live has to look first.
 */
import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { join } from "node:path";

/** A limit, and what is taken of it; all in bytes. */
export interface MemoryLimit {
  /** Who sets it, for messages. */
  source: string;
  limit: number;
  /** Without what the kernel takes back when it is wanted, such as files that were read. */
  used: number;
}

/** What this process may still take. */
export interface MemoryRoom extends MemoryLimit {
  free: number;
  /** What it has in memory now. */
  resident: number;
}

export interface MemoryRoomOptions {
  /** A limit on what this process has in memory, bytes. */
  maxMemory?: number | undefined;
  /** Freed bytes that the process holds: they need no more of its address space. Default 0. */
  freedBytes?: number | undefined;
  /** Whether what the machine can swap out counts as free. Default false. */
  withSwap?: boolean | undefined;
  /** Prefix of `/proc` and `/sys`. */
  root?: string | undefined;
}

/** The tightest of all limits. */
export function memoryRoom({
  maxMemory,
  freedBytes = 0,
  withSwap = false,
  root = "",
}: MemoryRoomOptions = {}): MemoryRoom {
  const status = readStatus(root);
  const resident = status.VmRSS ?? process.memoryUsage.rss();
  const limits = [machineLimit(root, withSwap), ...groupLimits(root)];
  for (const limit of resourceLimits(root, status)) {
    limits.push({ ...limit, used: Math.max(0, limit.used - freedBytes) });
  }
  if (maxMemory !== undefined) {
    limits.push({ source: "max_memory", limit: maxMemory, used: resident });
  }
  const freeOf = ({ limit, used }: MemoryLimit) => Math.max(0, limit - used);
  const tightest = limits.reduce((best, one) => (freeOf(one) < freeOf(best) ? one : best));
  return { ...tightest, free: freeOf(tightest), resident };
}

/** The memory that there is at all for this process: the machine's, or its control group's. */
export function totalMemory(root = ""): number {
  const limits = [machineLimit(root, false), ...groupLimits(root)];
  return Math.min(...limits.map(({ limit }) => limit));
}

/** Left free for everything else, where a part of the program gets a limit of its own. */
const SHARED_OUT = 1 / 2;

/**
 * The memory that a part of this process with a limit of its own gets, such as a database that spills
 * to disk: what it would like to have, or half of what the process may still take.
 *
 * @param wanted bytes
 */
export function shareOfRoom(wanted: number, options: MemoryRoomOptions = {}): number {
  return Math.min(wanted, Math.floor(memoryRoom(options).free * SHARED_OUT));
}

/** The text of a file of the kernel; nothing where it cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Values of `Name:  123 kB` lines, in bytes. */
function readKilobytes(text: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [, name = "", count] of text.matchAll(/^(\w+):\s*(\d+) kB$/gm)) {
    values[name] = Number(count) * 1024;
  }
  return values;
}

function readStatus(root: string): Partial<Record<string, number>> {
  return readKilobytes(readText(join(root, "/proc/self/status")));
}

function machineLimit(root: string, withSwap: boolean): MemoryLimit {
  const source = "the machine";
  const text = readText(join(root, "/proc/meminfo"));
  const { MemTotal: total, MemAvailable: available, SwapFree: swap = 0 } = readKilobytes(text);
  if (total === undefined || available === undefined) {
    return { source, limit: totalmem(), used: totalmem() - freemem() };
  }
  return { source, limit: withSwap ? total + swap : total, used: total - available };
}

/** Soft limits of the shell, which the kernel keeps by refusing memory. */
function resourceLimits(root: string, status: Partial<Record<string, number>>): MemoryLimit[] {
  const text = readText(join(root, "/proc/self/limits"));
  const kinds = [
    ["ulimit -v", "Max address space", status.VmSize],
    ["ulimit -d", "Max data size", status.VmData],
  ] as const;
  return kinds.flatMap(([source, name, used]) => {
    const limit = new RegExp(`^${name}\\s+(\\d+)`, "m").exec(text)?.[1];
    return limit === undefined || used === undefined
      ? []
      : [{ source, limit: Number(limit), used }];
  });
}

/** A mount of a control-group hierarchy that counts memory. */
interface GroupMount {
  version: 1 | 2;
  /** The group that is mounted, and where. */
  mounted: string;
  place: string;
}

/** Limits of the process's control groups, from its own up to that of the mount. */
function groupLimits(root: string): MemoryLimit[] {
  return groupFolders(root).flatMap(({ version, folders }) =>
    folders.flatMap((folder) => readGroup(version, join(root, folder), folder)),
  );
}

/** Folders of the process's own control groups that count memory, one a hierarchy. */
export function ownGroupFolders(root = ""): string[] {
  return groupFolders(root).flatMap(({ folders }) => folders.slice(0, 1));
}

/** Of each hierarchy that counts memory, the folders from the process's own group up to the mount. */
function groupFolders(root: string): { version: 1 | 2; folders: string[] }[] {
  const own = ownGroups(readText(join(root, "/proc/self/cgroup")));
  const mounts = groupMounts(readText(join(root, "/proc/self/mountinfo")));
  return mounts.flatMap(({ version, mounted, place }) => {
    const group = own[version];
    if (group === undefined) return [];
    return [{ version, folders: foldersUp(group, mounted).map((folder) => join(place, folder)) }];
  });
}

/** Paths of the process's groups in the hierarchies that count memory. */
function ownGroups(text: string): Partial<Record<1 | 2, string>> {
  const own: Partial<Record<1 | 2, string>> = {};
  for (const [, controllers = "", path = ""] of text.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    if (controllers === "") own[2] = path;
    else if (controllers.split(",").includes("memory")) own[1] = path;
  }
  return own;
}

/** Lines of mountinfo: `id parent device root place options … - type source options`. */
function groupMounts(text: string): GroupMount[] {
  const unescaped = (path: string) =>
    path.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
  return text.split("\n").flatMap((line): GroupMount[] => {
    const [fields = "", kind = ""] = line.split(" - ");
    const [, , , mounted, place] = fields.split(" ");
    const [type, , options = ""] = kind.split(" ");
    if (mounted === undefined || place === undefined) return [];
    const where = { mounted: unescaped(mounted), place: unescaped(place) };
    if (type === "cgroup2") return [{ version: 2, ...where }];
    const countsMemory = type === "cgroup" && options.split(",").includes("memory");
    return countsMemory ? [{ version: 1, ...where }] : [];
  });
}

/**
 * Folders below a mount, from that of `group` to the mount itself. A container sees its own group at
 * the mount, whatever the path outside is called.
 */
function foldersUp(group: string, mounted: string): string[] {
  const prefix = mounted === "/" ? "" : mounted;
  const isBelow = group === prefix || group.startsWith(`${prefix}/`);
  const parts = isBelow ? group.slice(prefix.length).split("/").filter(Boolean) : [];
  if (parts.includes("..")) return ["/"];
  return Array.from(
    { length: parts.length + 1 },
    (_, i) => `/${parts.slice(0, parts.length - i).join("/")}`,
  );
}

/** Above this a limit is none: version 1 writes the largest number of pages, 2^63 less a page. */
const UNLIMITED = 2 ** 60;

/** The limits of one group. @param folder to read @param name of the folder, for messages */
function readGroup(version: 1 | 2, folder: string, name: string): MemoryLimit[] {
  const files =
    version === 1
      ? { limits: ["memory.limit_in_bytes"], used: "memory.usage_in_bytes" }
      : { limits: ["memory.max", "memory.high"], used: "memory.current" };
  const used = Number.parseInt(readText(join(folder, files.used)), 10);
  if (Number.isNaN(used)) return [];
  const cached = /^(?:total_)?inactive_file (\d+)$/gm;
  const statistics = [...readText(join(folder, "memory.stat")).matchAll(cached)];
  // The last such line: in version 1 the totals, groups below included, come last.
  const reclaimable = Number(statistics.at(-1)?.[1] ?? 0);
  return files.limits.flatMap((file) => {
    const limit = Number.parseInt(readText(join(folder, file)), 10);
    if (Number.isNaN(limit) || limit >= UNLIMITED) return [];
    return [{ source: join(name, file), limit, used: Math.max(0, used - reclaimable) }];
  });
}
