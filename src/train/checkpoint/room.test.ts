import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { EnvironmentError } from "../../util/errors.js";
import { freeBytes, type RoomOptions, requireRoom, saveWithRoom } from "./room.js";
import { saveCheckpoint } from "./save.js";

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "tunewright-room-"));
});
afterEach(() => rmSync(run, { recursive: true }));

const said: string[] = [];
const options = (more: Partial<RoomOptions> = {}): RoomOptions => {
  said.length = 0;
  return {
    runDirectory: run,
    what: "checkpoint-30",
    needed: 1000,
    policy: "stop",
    totalLimit: null,
    isStopped: () => false,
    warn: (message) => said.push(message),
    interval: 10,
    ...more,
  };
};
const save = (step: number) =>
  saveCheckpoint(run, step, (directory) =>
    writeFileSync(join(directory, "weights"), "w".repeat(50)),
  );
const full = () => Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
const tooLarge = () => freeBytes(run) * 2 + 1e6;

it("a save without room is not begun, and the error tells bytes and what could go", async () => {
  await save(10);
  await save(20);
  let isBegun = false;
  const saving = saveWithRoom(options({ needed: tooLarge() }), async () => {
    isBegun = true;
  });
  await expect(saving).rejects.toThrow(EnvironmentError);
  await expect(saving).rejects.toMatchObject({
    exitCode: 1,
    why: expect.stringMatching(/^it needs [\d.]+ [MGT]B or more, [\d.]+ \w?B are free$/),
    todo: expect.stringMatching(/removing checkpoint-10 \(\d+ B\), then .* from checkpoint-20/),
  });
  expect(isBegun).toBe(false);
  expect(readdirSync(run).sort()).toEqual(["checkpoint-10", "checkpoint-20"]);
  expect(() => requireRoom(options({ needed: tooLarge() }))).toThrow(/no room for checkpoint-30/);
  expect(() => requireRoom(options({ needed: tooLarge(), policy: "wait" }))).not.toThrow();
});

it("waits until a full disk or a quota gives way, and says so once at each end", async () => {
  let tries = 0;
  const saved = await saveWithRoom(options({ policy: "wait" }), async () => {
    if (++tries < 4) throw new EnvironmentError("Could not save", { cause: full() });
    return "saved";
  });
  expect([saved, tries]).toEqual(["saved", 4]);
  expect(said).toHaveLength(2);
  expect(said[0]).toContain("Training waits for room");
  expect(said[1]).toContain("There is room again");
});

it("stops waiting at a signal, with the error", async () => {
  let looks = 0;
  const isStopped = () => ++looks > 5;
  const waiting = saveWithRoom(options({ policy: "wait", isStopped }), () => {
    throw full();
  });
  await expect(waiting).rejects.toThrow(/no room for checkpoint-30/);
});

it("what is wrong with something else than room ends the run at once", async () => {
  const saving = saveWithRoom(options({ policy: "wait" }), () =>
    Promise.reject(new Error("EROFS")),
  );
  await expect(saving).rejects.toThrow("EROFS");
  expect(said).toEqual([]);
});

it("removes before the save what save_total_limit would remove after it, never the last good one", async () => {
  await save(10);
  await save(20);
  let tries = 0;
  const job = async () => {
    if (++tries === 1) throw full();
  };
  await saveWithRoom(options({ totalLimit: 2 }), job);
  expect(readdirSync(run)).toEqual(["checkpoint-20"]);
  expect(said.join()).toContain("checkpoint-10 was removed now");
  await expect(
    saveWithRoom(options({ totalLimit: 1 }), () => Promise.reject(full())),
  ).rejects.toThrow(/no room/);
  await save(30);
  truncateSync(join(run, "checkpoint-30/weights"));
  await expect(
    saveWithRoom(options({ totalLimit: 2 }), () => Promise.reject(full())),
  ).rejects.toThrow(/no room/);
  expect(readdirSync(run).sort()).toEqual(["checkpoint-20", "checkpoint-30"]);
});
