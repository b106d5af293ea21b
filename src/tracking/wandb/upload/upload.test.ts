import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startWandbServer, type WandbServer } from "../../../../test/unit/wandbServer.js";
import { jsonSender, startLoop, uploadBeside } from "../../upload/index.js";
import type { Fragment } from "../fragments.js";
import { encodeRecord, type RunFacts, stepMetric, type WandbRecord } from "../records.js";
import { createRunFile, type RunFileWriter } from "../runFile.js";
import { wandbSettings } from "../settings.js";
import { wandbApi } from "./api.js";
import { openWandbSession, type WandbUpload } from "./session.js";

const key = "a-very-secret-key";
let directory: string;
let said: string[];
let server: WandbServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "upload-"));
  said = [];
  server = await startWandbServer();
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

function runOf(startingStep: number): RunFacts {
  const run = { id: "abc", project: "p", entity: "me", tags: [], host: "h", startTime: 1e9 };
  return { ...run, startingStep, runtime: 0, resumed: startingStep > 0 };
}

/** The file of an attempt, and how to add to it. */
function fragmentOf(name: string, startingStep: number) {
  const file = join(directory, `${name}.wandb`);
  const writer = createRunFile(file);
  let number = 0;
  const add = (record: WandbRecord) => writer.append([encodeRecord(record, ++number, "abc")]);
  add({ type: "config", items: [{ key: ["learning_rate"], value: 1e-4 }] });
  const fragment: Fragment = { folder: directory, file, startingStep };
  return { fragment, add, row: rowAdder(add), writer };
}

const rowAdder = (add: (record: WandbRecord) => void) => (step: number, loss: number) => {
  const items = [
    { key: ["train/loss"], value: loss },
    { key: [stepMetric], value: step + 1 },
    { key: ["_step"], value: step },
  ];
  add({ type: "summary", items });
  add({ type: "history", step, items });
};

/** An upload in this thread. `finish` says whether the server has everything. */
function upload(fragments: readonly Fragment[], url = server.url) {
  const aborted = new AbortController();
  const api = wandbApi({ baseUrl: url, apiKey: key, version: "1" }, jsonSender(aborted.signal));
  const run = runOf(fragments.at(-1)!.startingStep);
  const say = (line: string) => void said.push(line);
  const session = openWandbSession({ run, fragments, pageUrl: url }, api, say);
  const abort = () => aborted.abort();
  const loop = startLoop({ session, abort, say, interval: 10, firstWait: 10 });
  return { finish: async () => (await loop.finish(60_000)).left === 0 };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function end({ add, writer }: { add(record: WandbRecord): void; writer: RunFileWriter }, code = 0) {
  add({ type: "exit", code, runtime: 1 });
  writer.close();
}

const losses = () =>
  server.runs.get("abc")?.history.map((line) => {
    const row = JSON.parse(line.replace("NaN", '"NaN"')) as Record<string, unknown>;
    return row["train/loss"];
  });

it("sends rows while they are written, then the end", async () => {
  const attempt = fragmentOf("one", 0);
  const uploader = upload([attempt.fragment]);
  attempt.row(0, 3);
  await until(() => losses()?.length === 1);
  attempt.row(1, Number.NaN);
  writeFileSync(join(directory, "note.txt"), "not of the run");
  end(attempt, 255);
  expect(await uploader.finish()).toBe(true);
  expect(losses()).toEqual([3, "NaN"]);
  const run = server.runs.get("abc")!;
  expect(run.exitCode).toBe(255);
  expect(run.config).toMatchObject({ learning_rate: { value: 1e-4 } });
  expect(run.config._wandb).toMatchObject({
    value: { m: [{ 1: stepMetric }, { 1: "train/loss", 5: 1 }] },
  });
  expect(run.summary).toContain('"train/loss":NaN');
  expect(said).toEqual([`${server.url}/me/p/runs/abc`]);
  expect([...server.keys]).toEqual([`Basic ${Buffer.from(`api:${key}`).toString("base64")}`]);
});

it.each([
  ["an error of the server", (response: ServerResponse) => response.writeHead(500).end("<html>")],
  ["a busy server", (response: ServerResponse) => response.writeHead(429).end("slow down")],
  ["a broken connection", (response: ServerResponse) => response.destroy()],
])("waits out %s, telling it once, and loses nothing", async (_name, fail) => {
  const attempt = fragmentOf("one", 0);
  let failures = 0;
  server.intercept = (_request, response) => {
    if (losses()?.length !== 1 || failures > 5) return false;
    failures++;
    fail(response);
    return true;
  };
  const uploader = upload([attempt.fragment]);
  attempt.row(0, 3);
  await until(() => losses()?.length === 1);
  attempt.row(1, 2);
  await until(() => failures > 1);
  attempt.row(2, 1);
  await until(() => losses()?.length === 3);
  end(attempt);
  expect(await uploader.finish()).toBe(true);
  expect(losses()).toEqual([3, 2, 1]);
  const trouble = said.slice(1);
  expect(trouble[0]).toMatch(/; training goes on, and sending is tried again$/);
  expect(trouble.slice(1)).toEqual(["is reached again; what it lacks is sent now"]);
});

it("begins when a server that was away comes back", async () => {
  const attempt = fragmentOf("one", 0);
  const { port } = new URL(server.url);
  await server.close();
  const uploader = upload([attempt.fragment]);
  attempt.row(0, 3);
  await until(() => said.length > 0);
  server = await startWandbServer(Number(port));
  end(attempt);
  expect(await uploader.finish()).toBe(true);
  expect(losses()).toEqual([3]);
});

it.each([401, 403, 404])(
  "stops where the server refuses with %i, and does not show the key",
  async (status) => {
    const attempt = fragmentOf("one", 0);
    let requests = 0;
    server.intercept = (_request, response) => {
      requests++;
      response.writeHead(status).end(JSON.stringify({ message: `no, ${key} is wrong` }));
      return true;
    };
    const uploader = upload([attempt.fragment]);
    await until(() => said.length > 0);
    expect(await uploader.finish()).toBe(false);
    expect(requests).toBe(1);
    expect(said.join()).toMatch(new RegExp(`answers ${status}: .*; nothing more is sent to it`));
    expect(said.join()).not.toContain(key);
  },
);

it("replaces rows that an earlier attempt has sent and this one does again", async () => {
  const first = fragmentOf("one", 0);
  for (const step of [0, 1, 2, 3]) first.row(step, 10 + step);
  first.writer.close();
  expect(await upload([first.fragment]).finish()).toBe(true);
  const second = fragmentOf("two", 2);
  for (const step of [2, 3, 4]) second.row(step, 20 + step);
  end(second);
  expect(await upload([first.fragment, second.fragment]).finish()).toBe(true);
  expect(losses()).toEqual([10, 11, 22, 23, 24]);
});

it("sends rows of an earlier attempt that the server has missed", async () => {
  const first = fragmentOf("one", 0);
  for (const step of [0, 1, 2]) first.row(step, 10 + step);
  first.writer.close();
  const second = fragmentOf("two", 3);
  second.row(3, 23);
  end(second);
  expect(await upload([first.fragment, second.fragment]).finish()).toBe(true);
  expect(losses()).toEqual([10, 11, 12, 23]);
});

/** An upload in a thread of its own. */
function uploadFrom(fragments: readonly Fragment[], baseUrl: string, within: number) {
  const { pageUrl } = wandbSettings({}, { WANDB_BASE_URL: baseUrl });
  const task: WandbUpload = {
    access: { baseUrl, apiKey: key, version: "1" },
    ...{ run: runOf(0), fragments, pageUrl },
  };
  const say = (line: string) => void said.push(line);
  return uploadBeside({ task, env: {} }, { label: "W&B", command: "wandb sync DIR", say, within });
}

it("ends within its patience where a server never answers, and says how to upload the rest", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const attempt = fragmentOf("one", 0);
  attempt.row(0, 3);
  end(attempt);
  const { port } = silent.address() as AddressInfo;
  const upload = uploadFrom([attempt.fragment], `http://127.0.0.1:${port}`, 50);
  expect(await upload.finish()).toBe(false);
  expect(said).toEqual([
    expect.stringMatching(
      /^W&B has not confirmed 1 values \(.*no answer in time\)\); to send what it lacks: wandb sync DIR$/,
    ),
  ]);
  silent.closeAllConnections();
  silent.close();
});

it("uploads from a thread of its own", async () => {
  const attempt = fragmentOf("one", 0);
  attempt.row(0, 3);
  end(attempt);
  expect(await uploadFrom([attempt.fragment], server.url, 60_000).finish()).toBe(true);
  expect(losses()).toEqual([3]);
  expect(said).toEqual([`W&B: ${server.url}/me/p/runs/abc`]);
});
