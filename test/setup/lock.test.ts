/** The lock of set-up: one holder at a time, and nothing left to do after one that was killed. */
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { hammer } from "../locks/lockHammer.js";
import { loadScript, root, scriptUrl, start, startNode, temporaryFolder } from "./support.js";

interface Owner {
  host: string;
  pid: number;
}

const lock = await loadScript<{
  acquireLock(file: string, onWait?: (owner: Owner) => void): Promise<() => void>;
}>("lock");

/** Takes the lock and holds it for a while. */
const holder = `
import { acquireLock } from ${scriptUrl("lock")};
const [file, milliseconds] = process.argv.slice(1);
const release = await acquireLock(file);
process.stdout.write("holding " + process.pid);
await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
release();
`;

const lockFile = () => path.join(temporaryFolder(), "setup.lock");

describe("the lock of set-up", () => {
  test("lets many processes in one after the other, whoever of them is killed and when", async () => {
    // Some remove the file while they hold it, as somebody who clears .tunewright may.
    const taker = `
      import { rmSync } from "node:fs";
      import { acquireLock } from ${scriptUrl("lock")};
      export async function take(file) {
        const release = await acquireLock(file);
        return () => {
          if (process.pid % 5 === 0) rmSync(file);
          release();
        };
      }`;
    const limits = { kills: 12, turns: 40, seconds: 80 };
    const outcome = await hammer({ taker, seed: 2, processes: 12, ...limits });
    expect(outcome.faults).toEqual([]);
    expect(outcome.kills).toBe(12);
    expect(outcome.turns).toBeGreaterThanOrEqual(40);
  });

  test("is free at once when its holder was killed", async () => {
    const file = lockFile();
    const killed = startNode(holder, [file, "60000"]);
    await killed.says("holding");
    killed.kill("SIGKILL");
    await killed.ended;
    const release = await lock.acquireLock(file, () => expect.unreachable("waited for the dead"));
    release();
    release();
  });

  test("makes a second process wait and tells it once for whom", async () => {
    const file = lockFile();
    const first = startNode(holder, [file, "1500"]);
    await first.says("holding");
    const waitedFor: Owner[] = [];
    const release = await lock.acquireLock(file, (owner) => waitedFor.push(owner));
    release();
    const { stdout, code } = await first.ended;
    expect(code).toBe(0);
    expect(waitedFor).toEqual([{ pid: Number(stdout.split(" ")[1]), host: hostname() }]);
  });

  test("takes no notice of what an earlier version or a crash left in the file", async () => {
    const file = lockFile();
    for (const text of [JSON.stringify({ host: hostname(), pid: process.pid, start: 1 }), '{"h']) {
      writeFileSync(file, text);
      (await lock.acquireLock(file, () => expect.unreachable("waited")))();
      expect(readFileSync(file, "utf8")).toBe("");
    }
  });

  test.each([
    ["flock", ["which", "flock"]],
    ["python3", ["python3", "-c", "import sys; print(sys.executable)"]],
  ])("can be taken with the help of %s alone", async (name, [command = "", ...args]) => {
    const found = (await start(command, args).ended).stdout.trim();
    if (!found) return;
    const file = lockFile();
    const bin = temporaryFolder();
    symlinkSync(found, path.join(bin, name));
    const env = { PATH: bin };
    const first = startNode(holder, [file, "60000"], env);
    await first.says("holding");
    const second = startNode(holder, [file, "0"], env);
    await new Promise((resolve) => setTimeout(resolve, 700));
    first.kill("SIGKILL");
    expect(await second.ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("is refused with the reason where nothing can take it", async () => {
    const env = { PATH: temporaryFolder() };
    const file = lockFile();
    const { code, stderr } = await startNode(holder, [file, "0"], env).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("set-up cannot make sure that it runs alone");
    const script = path.join(root, "scripts/setup.mjs");
    const whole = await start(process.execPath, [script, "--quiet"], { env }).ended;
    expect(whole.code).toBe(1);
    expect(whole.stderr).toContain("to do: install util-linux (flock)");
    expect(whole.stderr).not.toContain("    at ");
  });
});
