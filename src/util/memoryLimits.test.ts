import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { memoryRoom, shareOfRoom, totalMemory } from "./memoryLimits.js";

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

const GB = 2 ** 30;

/** A tree of files as the kernel shows them; a machine of 64 GiB, 40 of them free, and this process. */
function tree(files: Record<string, string | number>): string {
  const root = mkdtempSync(join(tmpdir(), "tunewright-limits-"));
  roots.push(root);
  const all = {
    "proc/meminfo": `MemTotal:       ${(64 * GB) / 1024} kB\nMemFree:        1024 kB\nMemAvailable:   ${(40 * GB) / 1024} kB\n`,
    "proc/self/status": `Name:\tnode\nVmSize:\t${(3 * GB) / 1024} kB\nVmRSS:\t${GB / 1024} kB\nVmData:\t${(2 * GB) / 1024} kB\n`,
    "proc/self/limits":
      "Limit                     Soft Limit           Hard Limit           Units     \n" +
      "Max data size             unlimited            unlimited            bytes     \n" +
      "Max address space         unlimited            unlimited            bytes     \n",
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), `${text}`);
  }
  return root;
}

const version2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const version1 =
  "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n" +
  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n" +
  "36 31 0:33 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n";

test("without any limit it is what the machine has free", () => {
  const root = tree({});
  expect(memoryRoom({ root })).toEqual({
    source: "the machine",
    limit: 64 * GB,
    used: 24 * GB,
    free: 40 * GB,
    resident: GB,
  });
  expect(totalMemory(root)).toBe(64 * GB);
});

test("a part with a limit of its own gets what it wants, or half of what is free", () => {
  expect(shareOfRoom(2 * GB, { root: tree({}) })).toBe(2 * GB);
  expect(shareOfRoom(30 * GB, { root: tree({}) })).toBe(20 * GB);
});

test("version 2: the tightest of nested groups, less files that were read", () => {
  const root = tree({
    "proc/self/mountinfo": version2,
    "proc/self/cgroup": "0::/slurm/job_7/step_0\n",
    "sys/fs/cgroup/slurm/job_7/step_0/memory.max": "max\n",
    "sys/fs/cgroup/slurm/job_7/step_0/memory.high": "max\n",
    "sys/fs/cgroup/slurm/job_7/step_0/memory.current": 3 * GB,
    "sys/fs/cgroup/slurm/job_7/memory.max": 8 * GB,
    "sys/fs/cgroup/slurm/job_7/memory.high": 7 * GB,
    "sys/fs/cgroup/slurm/job_7/memory.current": 5 * GB,
    "sys/fs/cgroup/slurm/job_7/memory.stat": `anon 1\nfile 2\ninactive_file ${2 * GB}\n`,
    "sys/fs/cgroup/slurm/memory.max": 32 * GB,
    "sys/fs/cgroup/slurm/memory.current": 9 * GB,
  });
  expect(memoryRoom({ root })).toMatchObject({
    source: "/sys/fs/cgroup/slurm/job_7/memory.high",
    limit: 7 * GB,
    used: 3 * GB,
    free: 4 * GB,
  });
  expect(totalMemory(root)).toBe(7 * GB);
});

test("version 2 in a container that sees its own group at the mount", () => {
  for (const path of ["/", "/../../pod7/ctr", "/kubepods/pod7/ctr"]) {
    const root = tree({
      "proc/self/mountinfo": version2.replace(" / /sys", " /kubepods/pod7/ctr /sys"),
      "proc/self/cgroup": `0::${path}\n`,
      "sys/fs/cgroup/memory.max": 4 * GB,
      "sys/fs/cgroup/memory.current": GB,
    });
    const found = { source: "/sys/fs/cgroup/memory.max", free: 3 * GB };
    expect(memoryRoom({ root }), path).toMatchObject(found);
  }
});

test("version 1: a limit, and the number that stands for none", () => {
  const group = "sys/fs/cgroup/memory/docker/c1";
  const files = {
    "proc/self/mountinfo": version1,
    "proc/self/cgroup": "5:cpu,cpuacct:/docker/c1\n4:memory:/docker/c1\n0::/\n",
    [`${group}/memory.usage_in_bytes`]: 2 * GB,
    [`${group}/memory.stat`]: `inactive_file 4096\ntotal_inactive_file ${GB}\n`,
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": 30 * GB,
  };
  const limited = tree({ ...files, [`${group}/memory.limit_in_bytes`]: 6 * GB });
  expect(memoryRoom({ root: limited })).toMatchObject({
    source: "/sys/fs/cgroup/memory/docker/c1/memory.limit_in_bytes",
    free: 5 * GB,
  });
  const open = tree({ ...files, [`${group}/memory.limit_in_bytes`]: "9223372036854771712\n" });
  expect(memoryRoom({ root: open }).source).toBe("the machine");
});

test("ulimit counts the address space, where freed memory is used again", () => {
  const limits =
    "Max data size             unlimited            unlimited            bytes     \n" +
    `Max address space         ${5 * GB}           unlimited            bytes     \n`;
  const root = tree({ "proc/self/limits": limits });
  expect(memoryRoom({ root })).toMatchObject({ source: "ulimit -v", free: 2 * GB });
  expect(memoryRoom({ root, freedBytes: GB })).toMatchObject({ free: 3 * GB });
});

test("max_memory is about what the process has", () => {
  const root = tree({});
  expect(memoryRoom({ root, maxMemory: 8 * GB })).toMatchObject({
    source: "max_memory",
    free: 7 * GB,
  });
  expect(memoryRoom({ root, maxMemory: GB / 2 })).toMatchObject({ source: "max_memory", free: 0 });
});

test("this machine has limits that can be read", () => {
  const { free, limit, resident } = memoryRoom();
  expect(resident).toBeGreaterThan(10e6);
  expect(limit).toBeGreaterThan(free);
  expect(totalMemory()).toBeGreaterThan(resident);
});
