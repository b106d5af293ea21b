/** How often the kernel has killed processes for want of memory, as far as this process may know. */
import { join } from "node:path";
import { ownGroupFolders, readText } from "./memoryLimits.js";

/** Counts that only rise, as long as boot and group are the same. */
export interface MemoryKills {
  /** Of the machine, since it was started. */
  boot: string;
  machine: number;
  /** Of the process's control group, with its path; absent where it has none that counts. */
  group?: { path: string; count: number };
}

/**
 * Reads the counts.
 *
 * @param root prefix of `/proc` and `/sys`
 * @returns nothing where the system does not tell
 */
export function memoryKills(root = ""): MemoryKills | undefined {
  const boot = readText(join(root, "/proc/sys/kernel/random/boot_id")).trim();
  const machine = killsIn(readText(join(root, "/proc/vmstat")));
  if (boot === "" || machine === undefined) return undefined;
  for (const path of ownGroupFolders(root)) {
    const text = ["memory.events", "memory.oom_control"]
      .map((name) => readText(join(root, path, name)))
      .join("");
    const count = killsIn(text);
    if (count !== undefined) return { boot, machine, group: { path, count } };
  }
  return { boot, machine };
}

/** Processes killed between two looks. */
export interface KillsSince {
  /** Of the same control group: the process that looked first was one of them, or beside them. */
  group: number;
  machine: number;
}

export function killsSince(before: MemoryKills, now: MemoryKills | undefined): KillsSince {
  if (now?.boot !== before.boot) return { group: 0, machine: 0 };
  const isSame = before.group !== undefined && before.group.path === now.group?.path;
  return {
    group: isSame ? Math.max(0, now.group!.count - before.group!.count) : 0,
    machine: Math.max(0, now.machine - before.machine),
  };
}

function killsIn(text: string): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
}
