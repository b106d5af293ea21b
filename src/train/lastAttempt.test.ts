/** What is told of an attempt that was killed, and what of memory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { killsSince, memoryKills } from "../util/memoryKills.js";
import { lastAttempt } from "./lastAttempt.js";

const places: string[] = [];
afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { recursive: true });
});

function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "tunewright-kills-"));
  places.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

const kills = { boot: "b", machine: 3, group: { path: "/sys/fs/cgroup/job", count: 1 } };
const memory = { limit_bytes: 8e9, source: "/sys/fs/cgroup/job/memory.max", kills };
const start = { type: "start", step: 10, attempt: 2, memory };
const step = { type: "step", step: 12, attempt: 2, rss_bytes: 5e9, peak_rss_bytes: 6e9 };
const runOf = (...rows: object[]) =>
  tree({ "events.jsonl": rows.map((row) => `${JSON.stringify({ ...row, time: 1 })}\n`).join("") });

it("an attempt that said how it ended is not spoken of, nor is none", () => {
  expect(lastAttempt(runOf(start, step, { ...step, type: "end" }), kills)).toBeUndefined();
  expect(lastAttempt(tree({}), kills)).toBeUndefined();
});

it("one without a word is, with the most memory that it had and the limit", () => {
  const ended = { type: "end", step: 10, attempt: 1 };
  const line = lastAttempt(runOf({ ...start, attempt: 1 }, ended, start, step), kills);
  expect(line).toBe(
    "The attempt before ended without a word after step 12: it was killed, or the machine stopped. " +
      "It had up to 6.00 GB in memory, the limit was 8.00 GB (/sys/fs/cgroup/job/memory.max).",
  );
});

it("memory is the reason where its group's kills have risen, and may be where the machine's have", () => {
  const run = runOf(start, step);
  const group = { ...kills.group, count: 2 };
  expect(lastAttempt(run, { ...kills, machine: 4, group })).toContain(
    "Memory was the reason: since it began, the kernel has killed a process of its control group (/sys/fs/cgroup/job)",
  );
  // A new container counts anew.
  expect(lastAttempt(run, { boot: "b", machine: 5, group: { path: "/x", count: 9 } })).toContain(
    "Memory may be the reason: since it began, the kernel has killed 2 processes on this machine",
  );
  // After a restart of the machine nothing can be compared.
  expect(lastAttempt(run, { ...kills, boot: "c", machine: 9 })).not.toContain("Memory");
  const close = { ...step, peak_rss_bytes: 7.9e9 };
  expect(lastAttempt(runOf(start, close), kills)).toContain("it was close to the limit");
});

it("counts are read from control groups of both versions, and from the machine", () => {
  const machine = {
    "proc/sys/kernel/random/boot_id": "one\n",
    "proc/vmstat": "nr_free 1\noom_kill 7\n",
  };
  const version2 = tree({
    ...machine,
    "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    "proc/self/cgroup": "0::/job\n",
    "sys/fs/cgroup/job/memory.events": "low 0\noom 2\noom_kill 2\noom_group_kill 0\n",
  });
  const path = "/sys/fs/cgroup/job";
  expect(memoryKills(version2)).toEqual({ boot: "one", machine: 7, group: { path, count: 2 } });
  const version1 = tree({
    ...machine,
    "proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
    "proc/self/cgroup": "4:memory:/job\n",
    "sys/fs/cgroup/memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n",
  });
  expect(memoryKills(version1)?.group).toEqual({ path: "/sys/fs/cgroup/memory/job", count: 5 });
  expect(memoryKills(tree(machine))).toEqual({ boot: "one", machine: 7 });
  expect(memoryKills(tree({}))).toBeUndefined();
  expect(killsSince({ boot: "one", machine: 7 }, undefined)).toEqual({ group: 0, machine: 0 });
});
