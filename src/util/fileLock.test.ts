/** The lock for what one may do at a time, with real threads, processes and kills. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import ts from "typescript";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { hammer } from "../../test/locks/lockHammer.js";
import { preloadLibrary } from "../../test/unit/preload.js";
import { lockHolder, tryLock, withLock } from "./fileLock.js";
import { packageRoot } from "./packageRoot.js";

/** The module under test as JavaScript, so that processes that use it start in little time. */
let built: string;
let moduleUrl: string;
let folder: string;
let file: string;

beforeAll(() => {
  built = mkdtempSync(join(packageRoot(), ".tunewright/test-"));
  for (const name of ["fileLock", "smallAddon", "errors", "packageRoot"]) {
    const source = readFileSync(join(import.meta.dirname, `${name}.ts`), "utf8");
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(source, { compilerOptions });
    writeFileSync(join(built, `${name}.js`), outputText);
  }
  moduleUrl = pathToFileURL(join(built, "fileLock.js")).href;
});
beforeEach(() => {
  folder = mkdtempSync(join(built, "locks-"));
  file = join(folder, "lock");
});
afterAll(() => rmSync(built, { recursive: true }));

/** A process that runs `body` with the module's functions and the lock's path; killed with the test. */
function start(body: string, env: Record<string, string> = {}) {
  const source = `import { tryLock, withLock } from ${JSON.stringify(moduleUrl)};
    const file = ${JSON.stringify(file)};
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  return child;
}

/** A process that holds the lock until it is killed. */
async function startHolder(before = "") {
  const child = start(`tryLock(file); ${before} console.log("held"); setInterval(() => {}, 1000);`);
  await once(child.stdout, "data");
  const kill = async () => {
    child.kill("SIGKILL");
    await once(child, "close");
  };
  return { pid: child.pid, kill };
}

test("tens of processes, killed at any moment, are never two at once, and none waits for ever", async () => {
  // Some try, some wait, and some remove the file while they hold it.
  const taker = `
    import { rmSync } from "node:fs";
    import { tryLock, withLock } from ${JSON.stringify(moduleUrl)};
    export async function take(file) {
      if (process.pid % 3 === 0) {
        const lock = tryLock(file);
        return lock && (() => lock.release());
      }
      const remove = process.pid % 5 === 0;
      return new Promise((taken, failed) => {
        const action = () => new Promise((end) => taken(() => {
          if (remove) rmSync(file);
          end();
        }));
        withLock(file, action).catch(failed);
      });
    }`;
  const limits = { kills: 20, turns: 80, seconds: 80 };
  const outcome = await hammer({ taker, seed: 1, processes: 20, ...limits });
  expect(outcome.faults).toEqual([]);
  expect(outcome.kills).toBe(20);
  expect(outcome.holdersKilled).toBeGreaterThan(0);
  expect(outcome.turns).toBeGreaterThanOrEqual(80);
});

test("threads of a process keep each other out, and one that is ended gives its lock back", async () => {
  const source = `
    import { workerData, parentPort } from "node:worker_threads";
    const { moduleUrl, file, inside, keep } = workerData;
    const { tryLock, withLock } = await import(moduleUrl);
    if (keep) {
      tryLock(file);
      parentPort.postMessage("held");
      setInterval(() => {}, 1000);
    } else {
      let most = 0;
      for (let i = 0; i < 20; i++) await withLock(file, async () => {
        most = Math.max(most, Atomics.add(inside, 0, 1) + 1);
        await new Promise((resolve) => setTimeout(resolve, 2));
        Atomics.sub(inside, 0, 1);
      });
      parentPort.postMessage(most);
    }`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const inside = new Int32Array(new SharedArrayBuffer(4));
  const startThread = (keep: boolean) =>
    new Worker(url, { workerData: { moduleUrl, file, inside, keep }, execArgv: [] });
  const answers = Array.from({ length: 4 }, () => once(startThread(false), "message"));
  expect((await Promise.all(answers)).flat()).toEqual([1, 1, 1, 1]);
  const keeper = startThread(true);
  await once(keeper, "message");
  expect(tryLock(file)).toBeUndefined();
  await keeper.terminate();
  tryLock(file)!.release();
});

test("waiting leaves the thread free, and ends with its signal", async () => {
  const lock = tryLock(file)!;
  expect(tryLock(file)).toBeUndefined();
  const order: string[] = [];
  const waiting = withLock(file, async () => order.push("second"));
  await new Promise((resolve) => setTimeout(resolve, 150));
  order.push("first");
  const reason = new Error("enough");
  const stop = new AbortController();
  const given = withLock(file, async () => order.push("never"), { signal: stop.signal });
  setTimeout(() => stop.abort(reason), 20);
  await expect(given).rejects.toBe(reason);
  lock.release();
  await waiting;
  expect(order).toEqual(["first", "second"]);
  await expect(
    withLock(file, async () => {
      throw reason;
    }),
  ).rejects.toBe(reason);
  tryLock(file)!.release();
});

test("the holder is told by anyone, without touching the lock", async () => {
  expect(lockHolder(file)).toBeUndefined();
  expect(existsSync(file)).toBe(false);
  const { pid, kill } = await startHolder();
  const since = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
  const space = expect.stringMatching(/^pid:\[\d+\] [0-9a-f-]{36}$/);
  expect(lockHolder(file)).toEqual({ pid, host: hostname(), space, since });
  writeFileSync(file, "{");
  expect(lockHolder(file)).toEqual({});
  expect(tryLock(file)).toBeUndefined();
  await kill();
  expect(lockHolder(file)).toBeUndefined();
  const lock = tryLock(file)!;
  expect(lockHolder(file)?.pid).toBe(process.pid);
  lock.release();
  lock.release();
  expect(lockHolder(file)).toBeUndefined();
});

test("a lock of a holder that was killed is free at once, and says so", async () => {
  // A child that lives on does not keep it.
  const child = `
    const { spawn } = await import("node:child_process");
    spawn("sleep", ["30"], { stdio: "ignore", detached: true });`;
  const { kill } = await startHolder(child);
  await kill();
  const lock = tryLock(file)!;
  expect(lock.abandoned).toBe(true);
  lock.release();
  const next = tryLock(file)!;
  expect(next.abandoned).toBe(false);
  next.release();
});

test("a lock file that another program wrote, or removed, keeps nobody out", () => {
  writeFileSync(file, `${hostname()} 1\n`);
  tryLock(file)!.release();
  const removed = tryLock(file)!;
  rmSync(file);
  const next = tryLock(file)!;
  removed.release();
  expect(tryLock(file)).toBeUndefined();
  expect(lockHolder(file)?.pid).toBe(process.pid);
  next.release();
});

test("whoever may write to the folder may take the lock", () => {
  for (const mode of [0o777, 0o775, 0o700]) {
    chmodSync(folder, mode);
    tryLock(file)!.release();
    expect(statSync(file).mode & 0o777).toBe(mode & 0o666);
  }
});

test("a file system without locks is an error that says so", async () => {
  const library = preloadLibrary(`
    #define _GNU_SOURCE
    #include <errno.h>
    #include <stdarg.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    enum { ofdGetLock = 36, ofdSetLockWait = 38 };
    int fcntl(int fd, int command, ...) {
      va_list rest;
      va_start(rest, command);
      if (command < ofdGetLock || command > ofdSetLockWait)
        return syscall(SYS_fcntl, fd, command, va_arg(rest, long));
      errno = ENOLCK;
      return -1;
    }
    int fcntl64(int, int, ...) __attribute__((alias("fcntl")));`);
  const child = start(
    `try { tryLock(file) } catch (error) { console.log(error.code, error.message, error.why) }`,
    { LD_PRELOAD: library },
  );
  let said = "";
  child.stdout.on("data", (text) => {
    said += text;
  });
  await once(child, "close");
  expect(said).toBe(`ENVIRONMENT ${file} cannot be locked the file system answers ENOLCK\n`);
});
