/** One process at a time does what the others then find done. */
import { readFileSync, statSync, utimesSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";

const pollMs = 100;
const renewalMs = 5_000;

/** A lock that was not renewed for this long was left by a process that ended. */
const abandonedMs = 60_000;

/**
 * Runs `action` while no other process (of any machine that sees the folder) runs one under the same
 * path. A lock of a process that ended is taken over.
 */
export async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  const owner = `${hostname()} ${process.pid}\n`;
  for (;;) {
    try {
      const handle = await open(path, "wx");
      await handle.writeFile(owner);
      await handle.close();
      break;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    if (isAbandoned(path)) await rm(path, { force: true });
    else await wait(pollMs);
  }
  const renewal = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      clearInterval(renewal);
    }
  }, renewalMs);
  renewal.unref();
  try {
    return await action();
  } finally {
    clearInterval(renewal);
    await rm(path, { force: true });
  }
}

function isAbandoned(path: string): boolean {
  try {
    const [host, id] = readFileSync(path, "utf8").trim().split(" ");
    if (host === hostname() && id && !isRunning(Number(id))) return true;
    return Date.now() - statSync(path).mtimeMs > abandonedMs;
  } catch {
    return false;
  }
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
