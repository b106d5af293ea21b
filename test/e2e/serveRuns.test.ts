/** Runs from the page: begun, followed live, stopped, resumed and queued, across a restart of the server. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { pathId } from "../../src/serve/pathId.js";
import type {
  CheckReport,
  ConfigRequest,
  LiveEvent,
  Queue,
  QueuedJob,
  ResumeForm,
  RunCurves,
  RunDetail,
} from "../../src/serve/schema.js";
import { startTestServer, type TestServer, until } from "../../src/serve/testServer.js";

const work = realpathSync(mkdtempSync(path.join(tmpdir(), "tunewright-serve-")));
const model = writeTestModel();
const data = path.join(work, "data");
const runs = path.join(work, "output");
// Far more than pass while a server ends and another begins.
const steps = 400;

let server: TestServer;
const begin = () =>
  startTestServer({
    models: [{ name: "tiny", place: model, adapters: [] }],
    runRoots: [runs],
    dataRoots: [data],
    quiet: true,
  });

beforeAll(async () => {
  for (const folder of [data, runs]) mkdirSync(folder);
  const rows = Array.from({ length: 40 }, (_, i) => ({
    messages: [
      { role: "user", content: `abc ${i}` },
      { role: "assistant", content: `xyz ${i}` },
    ],
  }));
  writeFileSync(
    path.join(data, "rows.jsonl"),
    rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
  );
  server = await begin();
});
afterAll(async () => {
  const { jobs } = await get<Queue>("/api/queue");
  for (const { id, state } of jobs) if (state !== "done") await send("DELETE", `/api/queue/${id}`);
  await until(
    async () => (await get<Queue>("/api/queue")).jobs.every(({ state }) => state !== "running"),
    20,
  );
  await server.end();
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

async function get<Body>(route: string): Promise<Body> {
  const answer = await server.get(route);
  expect(answer.status, route).toBe(200);
  return (await answer.json()) as Body;
}

async function send<Body>(
  method: string,
  route: string,
  body?: unknown,
): Promise<{ status: number; body: Body }> {
  const answer = await fetch(`${server.address}${route}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Body };
}

const values = () => ({
  model_name_or_path: pathId(realpathSync(model)),
  train_file: [pathId(path.join(data, "rows.jsonl"))],
  template_name: "firefly-classic",
  max_steps: steps,
  per_device_train_batch_size: 2,
  logging_steps: 1,
  learning_rate: 1e-3,
  lora_rank: 2,
  lora_dropout: 0.1,
  max_seq_length: 64,
});
const request = (name: string, more: Record<string, unknown> = {}): ConfigRequest => ({
  name,
  values: { ...values(), ...more },
});
const jobOf = async (name: string) =>
  (await get<Queue>("/api/queue")).jobs.find((job) => job.name === name)!;
const stateOf = async (name: string) => (await jobOf(name))?.state;

/** Points of a run's stream behind a place, until there are enough. */
async function follow(
  run: string,
  since: string,
  wanted: number,
): Promise<{ steps: number[]; last: string }> {
  const controller = new AbortController();
  const answer = await fetch(`${server.address}/api/runs/${run}/live`, {
    headers: { "last-event-id": since },
    signal: controller.signal,
  });
  expect(answer.headers.get("content-type")).toMatch(/text\/event-stream/);
  const found: number[] = [];
  let [text, last] = ["", since];
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const event = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null") as LiveEvent | null;
      if (event?.type === "point" && found.length < wanted) {
        found.push(event.step);
        last = /^id: (.*)$/m.exec(block)![1]!;
      }
    }
    if (found.length >= wanted) break;
  }
  controller.abort();
  return { steps: found, last };
}

it("checks a configuration before anything is trained", async () => {
  const good = await send<CheckReport>("POST", "/api/check", request("first"));
  expect(good.body).toMatchObject({ ok: true, problems: [], steps, conversations: 40 });
  expect(good.body.memory!.parts.map(({ name }) => name)).toContain("weights");
  expect(good.body.command).toMatch(/^\.\/tunewright train .*--lora_rank 2/);
  const bad = await send<CheckReport>(
    "POST",
    "/api/check",
    request("first", { learning_rate: -1 }),
  );
  expect(bad.body).toMatchObject({ ok: false, problems: [{ key: "learning_rate" }] });
  const place = await send<{ error: { param: string } }>(
    "POST",
    "/api/check",
    request("first", { train_file: "/etc/passwd" }),
  );
  expect(place).toMatchObject({ status: 400, body: { error: { param: "values.train_file" } } });
}, 60_000);

it("begins, follows, stops, resumes exactly and goes on with the queue, whoever serves", async () => {
  const first = await send<QueuedJob>("POST", "/api/runs", request("first"));
  expect(first).toMatchObject({ status: 202, body: { state: "checking" } });
  const bad = await send<QueuedJob>(
    "POST",
    "/api/queue",
    request("bad", { template_name: "no-such" }),
  );
  const straight = await send<QueuedJob>("POST", "/api/queue", request("straight"));
  const twice = await send<{ error: { message: string } }>(
    "POST",
    "/api/queue",
    request("straight"),
  );
  expect([twice.status, twice.body.error.message]).toEqual([
    400,
    expect.stringMatching(/straight is taken/),
  ]);
  const ordered = await send<Queue>("PUT", "/api/queue/order", {
    ids: [straight.body.id, bad.body.id],
  });
  expect(ordered.body.jobs.map(({ name }) => name)).toEqual(["first", "straight", "bad"]);

  await until(async () => (await jobOf("first")).run !== null, 60);
  const run = (await jobOf("first")).run!;
  const one = await follow(run, "0-0-0-", 5);
  const two = await follow(run, one.last, 10);
  expect([...one.steps, ...two.steps]).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));

  // Another server finds the run by its process, and its queue on the disk.
  await server.end();
  server = await begin();
  expect(await jobOf("first")).toMatchObject({ state: "running", run });
  const stop = await send("POST", `/api/runs/${run}/stop`);
  expect(stop).toMatchObject({ status: 202, body: { stopping: true } });
  await until(async () => (await stateOf("first")) === "stopped", 60);
  const stopped = await get<RunDetail>(`/api/runs/${run}`);
  const [saved] = stopped.checkpoints.slice(-1);
  expect(stopped).toMatchObject({ state: "stopped", ours: true, attempts: 1 });
  expect(stopped.notices.at(-1)).toMatchObject({
    kind: "end",
    text: `Stopped; step ${saved!.step} was saved.`,
  });
  expect(saved).toMatchObject({ kept: true, catalogue: expect.any(String) });

  const form = await get<ResumeForm>(`/api/runs/${run}/resume`);
  expect(form.from_step).toBe(saved!.step);
  const keys = form.sections.flatMap(({ fields }) => fields.map(({ key }) => key));
  expect([keys.includes("learning_rate"), keys.includes("lora_rank")]).toEqual([true, false]);
  const fixed = await send<{ error: { message: string } }>("POST", `/api/runs/${run}/resume`, {
    changes: { lora_rank: 4 },
  });
  expect([fixed.status, fixed.body.error.message]).toEqual([
    400,
    expect.stringMatching(/cannot change/),
  ]);
  expect((await send("POST", `/api/runs/${run}/resume`, {})).status).toBe(202);
  const ends = async () =>
    (await get<Queue>("/api/queue")).jobs.map(({ name, state }) => `${name} ${state}`);
  await until(async () => (await ends()).every((one) => /done|refused|stopped$/.test(one)), 120);
  expect((await ends()).toSorted()).toEqual([
    "bad refused",
    "first done",
    "first stopped",
    "straight done",
  ]);
  expect((await jobOf("bad")).error).toMatch(/no-such/);

  const other = (await jobOf("straight")).run!;
  const [resumed, whole] = [
    await get<RunCurves>(`/api/runs/${run}/curves`),
    await get<RunCurves>(`/api/runs/${other}/curves`),
  ];
  expect(resumed.curves["train/loss"]!.points).toBe(steps);
  expect(resumed.curves["train/loss"]).toEqual(whole.curves["train/loss"]);
  const detail = await get<RunDetail>(`/api/runs/${run}`);
  expect(detail.attempts_list.map(({ outcome }) => outcome)).toEqual(["stopped", "done"]);
  expect(detail.actions.resume).toMatchObject({ possible: false });
  const difference = await get<{ changed: { key: string }[] }>(
    `/api/runs/${run}/difference?with=${other}`,
  );
  expect(difference.changed.map(({ key }) => key)).toContain("resume_from_checkpoint");
  const copy = await get<ConfigRequest>(`/api/runs/${other}/duplicate`);
  expect(copy).toEqual({ name: "straight-2", values: values(), from: other });
}, 240_000);

it("makes a sweep of at most 64 runs, which wait while the queue is paused", async () => {
  await send("POST", "/api/queue/pause");
  const lists = { learning_rate: [1e-3, 2e-3], lora_rank: [2, 4] };
  const made = await send<{ jobs: QueuedJob[] }>("POST", "/api/queue/sweep", {
    ...request("sweep"),
    lists,
  });
  expect(made.body.jobs.map(({ name, state }) => `${name} ${state}`)[3]).toBe(
    "sweep-lr-0.002-rank-4 waiting",
  );
  const many = { seed: Array.from({ length: 65 }, (_, i) => i) };
  const refused = await send<{ error: { message: string } }>("POST", "/api/queue/sweep", {
    ...request("many"),
    lists: many,
  });
  expect([refused.status, refused.body.error.message]).toEqual([
    400,
    expect.stringMatching(/a sweep may make 64/),
  ]);
  for (const { id } of made.body.jobs)
    expect((await send("DELETE", `/api/queue/${id}`)).status).toBe(200);
  expect((await send("DELETE", `/api/queue/${made.body.jobs[0]!.id}`)).status).toBe(404);
  await send("POST", "/api/queue/continue");
});

it("knows no run, file or evaluation but by its own ids", async () => {
  const ids = [
    "nothing",
    "..%2F..%2Fetc%2Fpasswd",
    "%2Fetc%2Fpasswd",
    "%00",
    "a".repeat(500),
    "__proto__",
    "first",
  ];
  const routes = [
    "runs/ID",
    "runs/ID/curves",
    "runs/ID/rows?step=1",
    "runs/ID/live",
    "runs/ID/resume",
    "runs/ID/duplicate",
    "runs/ID/difference?with=ID",
    "data/ID",
    "data/ID/rows",
    "data/ID/tokens?row=0",
    "data/ID/untrained?after=0",
    "data/ID/packed",
    "data/ID/stats",
    "data/ID/removed",
    "results/ID",
    "results/ID/questions",
    "results/ID/report",
  ];
  for (const id of ids) {
    for (const route of routes) {
      const answer = await server.get(`/api/${route.replaceAll("ID", id)}`);
      expect([400, 404], `${route} ${id}`).toContain(answer.status);
      expect(await answer.text()).toMatch(/"error"/);
    }
    for (const action of ["stop", "resume"]) {
      const answer = await send("POST", `/api/runs/${id}/${action}`, {});
      expect([400, 404]).toContain(answer.status);
    }
  }
});
