/** `tunewright serve` as a process: its beginning, its signals, and what is left when it is gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { tunewright } from "./program.js";

const main = path.resolve(import.meta.dirname, "../../dist/cli/main.js");
const directory = writeTestModel();
const runs = path.join(directory, "runs");
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A server of the test model that answers, with the process of its engine. */
async function serve(...flags: string[]) {
  const words = ["serve", "--model", `tiny=${directory}`, "--template", "firefly-classic"];
  const child = spawn(process.execPath, [main, ...words, "--runs", runs, "--port", "0", ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(child);
  let said = "";
  child.stderr!.on("data", (text) => {
    said += text;
  });
  await until(() => said.includes("tiny is ready"));
  const address = /API: (\S+)\/v1/.exec(said)![1]!;
  const ended = new Promise<number | null>((resolve) =>
    child.once("exit", (code) => resolve(code)),
  );
  return { child, address, ended, said: () => said, engine: engineOf(child.pid!) };
}

/** The engine among the children of a process. */
function engineOf(pid: number): number {
  const own = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .map(Number);
  return own.find((one) => readFileSync(`/proc/${one}/cmdline`, "utf8").includes("engine"))!;
}

async function until(holds: () => boolean, seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`it did not hold within ${seconds} s: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isGone(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return true;
  return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

const question = (more: object = {}) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ model: "tiny", messages: [{ role: "user", content: "one" }], ...more }),
});

it("ends with its engine on SIGTERM, with a stream open", async () => {
  const { child, address, ended, engine } = await serve();
  const response = await fetch(`${address}/v1/chat/completions`, question({ stream: true }));
  const start = Date.now();
  child.kill("SIGTERM");
  const text = await response.text();
  expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  expect([0, 130, 143]).toContain(await ended);
  expect(Date.now() - start).toBeLessThan(10_000);
  await until(() => isGone(engine), 2);
  await expect(fetch(`${address}/health`)).rejects.toThrow();
});

it("leaves no engine behind when it is killed", async () => {
  const { child, engine } = await serve();
  expect(isGone(engine)).toBe(false);
  child.kill("SIGKILL");
  await until(() => isGone(engine), 5);
});

it("has no libtorch in the process that answers", async () => {
  const { child, engine } = await serve();
  const maps = (pid: number) => readFileSync(`/proc/${pid}/maps`, "utf8");
  expect(maps(child.pid!)).not.toContain("libtorch");
  expect(maps(engine)).toContain("libtorch");
  expect(readlinkSync(`/proc/${child.pid}/exe`)).toContain("node");
});

it("starts an engine again that hangs", async () => {
  const { address, engine, said, child } = await serve("--engine-timeout", "2");
  process.kill(engine, "SIGSTOP");
  await until(() => said().includes("no sign of life"), 10);
  await until(() => said().split("tiny is ready").length > 2);
  expect(isGone(engine)).toBe(true);
  expect(engineOf(child.pid!)).not.toBe(engine);
  expect((await fetch(`${address}/v1/chat/completions`, question())).status).toBe(200);
});

it("says what is wrong with its flags", async () => {
  const wrong: [words: string[], text: RegExp][] = [
    [["--host", "0.0.0.0"], /API key/],
    [["--model", "x=/nowhere/at/all"], /there is no \/nowhere/],
  ];
  for (const [words, text] of wrong) {
    const { code, stderr } = await tunewright(["serve", "--port", "0", ...words]);
    expect([words, code]).toEqual([words, 2]);
    expect(stderr).toMatch(text);
  }
  const { address } = await serve();
  const { code, stderr } = await tunewright(["serve", "--port", new URL(address).port]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/another program listens there/);
});
