import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { packageRoot } from "../../util/packageRoot.js";
import { smallAddonFile } from "../../util/smallAddon.js";
import { hostilePrograms } from "./testPrograms/index.js";
import { sandboxes } from "./testSandbox.js";

const base = mkdtempSync(join(tmpdir(), "sandbox-test-"));
const folder = join(base, "folder");
mkdirSync(folder);
const secret = join(folder, "secret");
writeFileSync(secret, "a planted secret");
writeFileSync(join(folder, "secretmodule.py"), "");
process.env.TUNEWRIGHT_TEST_SECRET = "a planted secret";

/** Things that were reached from inside. */
const reached: string[] = [];
const server = createServer((socket) => {
  reached.push("TCP");
  socket.destroy();
}).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const datagrams = createSocket("udp4", () => reached.push("UDP")).bind(port, "127.0.0.1");
const unix = createServer(() => reached.push("Unix")).listen(join(base, "socket"));

const constants = {
  SECRET: secret,
  FOLDER: folder,
  TMP: tmpdir(),
  PROJECT: packageRoot(),
  PORT: port,
  SOCKET: join(base, "socket"),
  PARENT: process.pid,
};
const prelude = Object.entries(constants)
  .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
  .join("");

const held = await sandboxes();
const judge = smallAddonFile("sandboxAddon", "the sandbox");

afterAll(() => {
  server.close();
  unix.close();
  datagrams.close();
  rmSync(base, { recursive: true });
});

describe.each(held)("$description: a hostile program", (sandbox) => {
  const before = stateOf(folder);
  const running = new Map(
    hostilePrograms.map(({ name, program, timeoutSeconds }) => [
      name,
      sandbox.run(prelude + program, { timeoutSeconds }),
    ]),
  );

  it.each(hostilePrograms)("$name", async ({ name, expected }) => {
    const { outcome, detail, passed } = await running.get(name)!;
    expect(detail === "" ? outcome : `${outcome}: ${detail}`).toMatch(expected);
    expect(passed).toBe(outcome === "passed");
    expect(detail).not.toContain("a planted secret");
  });

  it("outlives no caller that is killed", async () => {
    const source = `
      import { openSandbox } from ${JSON.stringify(join(import.meta.dirname, "index.ts"))};
      const sandbox = await openSandbox({ levels: ["${sandbox.level}"] });
      sandbox.run("while True: pass", { timeoutSeconds: 20 });
      setTimeout(() => console.log("running"), 500);`;
    const script = join(base, `${sandbox.level}.mts`);
    writeFileSync(script, source);
    const tsx = join(packageRoot(), "node_modules/tsx/dist/loader.mjs");
    const caller = spawn(process.execPath, ["--import", tsx, script], {
      env: { ...process.env, TMPDIR: base },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(caller.stdout, "data");
    await Promise.all(running.values());
    expect(runningPrograms()).not.toEqual([]);
    caller.kill("SIGKILL");
    await vi.waitFor(() => expect(runningPrograms()).toEqual([]), 5000);
  });

  it("has reached nothing, left nothing and harmed nothing", async () => {
    await Promise.all(running.values());
    expect(reached).toEqual([]);
    expect(stateOf(folder)).toEqual(before);
    expect(runningPrograms()).toEqual([]);
    expect((await sandbox.run("assert True")).passed).toBe(true);
  });
});

/** What lies in a folder, with texts, rights and owners. */
function stateOf(path: string) {
  return readdirSync(path)
    .sort()
    .map((name) => {
      const { mode, uid, gid, mtimeMs } = statSync(join(path, name));
      return { name, text: readFileSync(join(path, name), "utf8"), mode, uid, gid, mtimeMs };
    });
}

/** Processes of programs, but for those that another worker of the tests has started. */
function runningPrograms(): string[] {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return processes.filter((pid) => {
    if (!commandOf(pid).includes(judge)) return false;
    let outer = pid;
    while (commandOf(outer).includes(judge)) outer = parentOf(outer);
    return outer === String(process.pid) || !commandOf(outer).includes("vitest");
  });
}

function commandOf(pid: string): string {
  return readOrEmpty(`/proc/${pid}/cmdline`);
}

function parentOf(pid: string): string {
  return /^PPid:\s*(\d+)/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1] ?? "0";
}

/** Text of a file; empty once its process has ended. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
