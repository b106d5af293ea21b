/** The lock of set-up: one holder at a time, and locks of dead holders recovered. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadScript, scriptUrl, startNode, temporaryFolder } from "./support.js";

interface Owner {
  host: string;
  pid: number;
  start: number;
  beat: number;
}

const lock = await loadScript<{
  acquireLock(file: string, onWait?: (owner: Owner) => void): Promise<() => void>;
  isStale(owner: Partial<Owner> & { damaged?: boolean }): boolean;
  processStart(pid: number): number | null;
}>("lock");

/** Takes the lock, notes its turn in a file, holds on for a moment, notes the end, gives back. */
const worker = `
import fs from "node:fs";
import { acquireLock } from ${scriptUrl("lock")};
const [file, journal, milliseconds] = process.argv.slice(1);
const release = await acquireLock(file);
fs.appendFileSync(journal, "in " + process.pid + "\\n");
process.stdout.write("holding");
await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
fs.appendFileSync(journal, "out " + process.pid + "\\n");
release();
`;

/** Lines of the journal, checked to be pairs of "in" and "out" of one process each. */
function expectTurns(journal: string, turns: number): void {
  const lines = readFileSync(journal, "utf8").trim().split("\n");
  expect(lines).toHaveLength(turns * 2);
  for (let i = 0; i < lines.length; i += 2) {
    expect(lines[i + 1]).toBe(lines[i]?.replace("in", "out"));
  }
}

/** Start time of no living process that has our pid. */
const otherStart = (lock.processStart(process.pid) ?? 0) + 1;

describe("the lock of set-up", () => {
  test("lets processes that start at once in one after the other", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "setup.lock");
    const journal = path.join(folder, "journal");
    const workers = Array.from({ length: 5 }, () => startNode(worker, [file, journal, "30"]));
    for (const { ended } of workers) expect(await ended).toMatchObject({ code: 0, stderr: "" });
    expectTurns(journal, 5);
    expect(existsSync(file)).toBe(false);
  });

  test("lets only one of many take over a lock whose owner is gone", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "setup.lock");
    const journal = path.join(folder, "journal");
    writeFileSync(file, JSON.stringify({ host: hostname(), pid: process.pid, start: otherStart }));
    const workers = Array.from({ length: 5 }, () => startNode(worker, [file, journal, "30"]));
    for (const { ended } of workers) expect(await ended).toMatchObject({ code: 0, stderr: "" });
    expectTurns(journal, 5);
  });

  test("is taken over from a holder that was killed", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "setup.lock");
    const holder = startNode(worker, [file, path.join(folder, "journal"), "60000"]);
    await holder.says("holding");
    holder.kill("SIGKILL");
    await holder.ended;
    expect(existsSync(file)).toBe(true);
    const release = await lock.acquireLock(file, () => expect.unreachable("waited for the dead"));
    release();
    expect(existsSync(file)).toBe(false);
  });

  test("makes a second process wait and tells it for whom", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "setup.lock");
    const journal = path.join(folder, "journal");
    const holder = startNode(worker, [file, journal, "400"]);
    await holder.says("holding");
    const waitedFor: number[] = [];
    const release = await lock.acquireLock(file, (owner) => waitedFor.push(owner.pid));
    const lines = readFileSync(journal, "utf8").trim().split("\n");
    release();
    expect(lines).toEqual([`in ${waitedFor[0]}`, `out ${waitedFor[0]}`]);
    expect(waitedFor).toHaveLength(1);
    await holder.ended;
  });

  test("is stale when damaged, when its pid belongs to a younger process, when its host is silent", () => {
    const host = hostname();
    const start = lock.processStart(process.pid) ?? 0;
    expect(lock.isStale({ damaged: true })).toBe(true);
    expect(lock.isStale({ host, pid: process.pid, start })).toBe(false);
    expect(lock.isStale({ host, pid: process.pid, start: otherStart })).toBe(true);
    const elsewhere = { host: `${host}-other`, pid: 1, start: 1 };
    expect(lock.isStale({ ...elsewhere, beat: Date.now() - 10_000 })).toBe(false);
    expect(lock.isStale({ ...elsewhere, beat: Date.now() - 120_000 })).toBe(true);
  });

  test("is recovered when its file was cut off in the middle", async () => {
    const file = path.join(temporaryFolder(), "setup.lock");
    writeFileSync(file, '{"host":"a","pi');
    (await lock.acquireLock(file))();
    expect(existsSync(file)).toBe(false);
  });
});
