// One set-up at a time. The lock file names its owner (host, process, start time of the process),
// so a lock whose owner is gone is recognised and taken over, even when its pid is in use again.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const HEARTBEAT_MS = 5_000;
const FOREIGN_STALE_MS = 60_000;

/** Start time of a process in clock ticks since boot, or `null` where it does not exist. */
export function processStart(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name (field 2) may hold spaces and brackets; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : Number(fields[19]);
  } catch {
    return null;
  }
}

function readOwner(file) {
  try {
    return { ...JSON.parse(fs.readFileSync(file, "utf8")), beat: fs.statSync(file).mtimeMs };
  } catch (error) {
    return error.code === "ENOENT" ? null : { damaged: true };
  }
}

/** Whether the lock's owner is gone. Locks of other hosts count by their heartbeat. */
export function isStale(owner) {
  if (owner.damaged) return true;
  if (owner.host !== os.hostname()) return Date.now() - owner.beat > FOREIGN_STALE_MS;
  return processStart(owner.pid) !== owner.start;
}

/** Creates `file` with its content in one step; false where it exists. */
function createWhole(file, content) {
  const temporary = `${file}.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`;
  fs.writeFileSync(temporary, content);
  try {
    fs.linkSync(temporary, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** Removes a stale lock. A second small lock keeps two processes from removing each other's. */
function breakStale(file, mine) {
  const breaker = `${file}.break`;
  const holder = readOwner(breaker);
  if (holder && isStale(holder)) fs.rmSync(breaker, { force: true });
  if (!createWhole(breaker, mine)) return;
  try {
    const owner = readOwner(file);
    if (owner && isStale(owner)) fs.rmSync(file, { force: true });
  } finally {
    fs.rmSync(breaker, { force: true });
  }
}

/**
 * Takes the lock, waiting while another live process has it.
 *
 * @param file path of the lock
 * @param onWait called once with the owner when there is somebody to wait for
 * @returns a function that gives the lock back
 */
export async function acquireLock(file, onWait = () => {}) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const mine = JSON.stringify({
    host: os.hostname(),
    pid: process.pid,
    start: processStart(process.pid),
  });
  let told = false;
  while (!createWhole(file, mine)) {
    const owner = readOwner(file);
    if (owner && isStale(owner)) breakStale(file, mine);
    else if (owner) {
      if (!told) onWait(owner);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const beat = setInterval(() => {
    const now = new Date();
    fs.utimes(file, now, now, () => {});
  }, HEARTBEAT_MS);
  beat.unref();
  return () => {
    clearInterval(beat);
    fs.rmSync(file, { force: true });
  };
}
