/** One process at a time: the ranks of a run start together and want the same files. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const beat = 2_000;
const staleAfter = 20_000;

/**
 * Runs `work` while this process holds the lock file. A lock whose holder has not touched it for
 * 20 s (it was killed) is taken over. What the lock protects must be safe without it: two machines
 * with clocks apart can both hold it.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const mark = randomUUID();
  await mkdir(dirname(file), { recursive: true });
  while (!(await take(file, mark))) {
    await clearStale(file);
    await sleep(200);
  }
  const timer = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {});
  }, beat);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if ((await readFile(file, "utf8").catch(() => "")) === mark) await rm(file, { force: true });
  }
}

async function take(file: string, mark: string): Promise<boolean> {
  try {
    await writeFile(file, mark, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function clearStale(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found || Date.now() - found.mtimeMs < staleAfter) return;
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).catch(() => {});
  await rm(aside, { force: true });
}
