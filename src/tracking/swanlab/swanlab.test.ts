/** The requests to SwanLab are those of its own client (test/parity/swanlab_fixtures.py). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { JsonAnswer, JsonRequest } from "../upload/index.js";
import { ServerError } from "../upload/index.js";
import { swanlab, swanlabService, swanlabSettings } from "./index.js";

interface Recorded {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

const fixture = join(import.meta.dirname, "../../../test/parity/fixtures/tracking/swanlab.json");
const recorded = (JSON.parse(readFileSync(fixture, "utf8")) as { requests: Recorded[] }).requests;
const work = mkdtempSync(join(tmpdir(), "tunewright-swanlab-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const host = "http://127.0.0.1:1";

/** A server that knows no project at first, and a run once it was opened. */
function startServer() {
  const requests: Recorded[] = [];
  let projectExists = false;
  let runExists = false;
  const send = async ({ method, url, headers, body }: JsonRequest): Promise<JsonAnswer> => {
    const path = url.replace(host, "");
    requests.push({ method, path, headers: { ...headers }, body: body ?? null });
    const answer = (status: number, data: unknown) => ({ status, data });
    if (path === "/api/login/api_key") {
      return answer(200, { sid: "session1", userInfo: { username: "someone" } });
    }
    if (path === "/api/projects/someone") projectExists = true;
    if (path === "/api/project/someone/a-project" && !projectExists) {
      throw new ServerError("no such project", 404);
    }
    if (path === "/api/project/someone/a-project") return answer(200, { cuid: "project1" });
    if (path.endsWith("/experiment")) {
      const status = runExists ? 200 : 201;
      runExists = true;
      return answer(status, { cuid: "experiment1", createdAt: "2026-01-01T00:00:00.000Z" });
    }
    if (path.includes("/summaries/"))
      return answer(200, { scalar: [{ key: "train/loss", step: 2 }] });
    if (path.endsWith("/presigned/put")) {
      return answer(200, {
        urls: (body as { paths: string[] }).paths.map((one) => `${host}/storage/${one}`),
      });
    }
    return answer(200, {});
  };
  return { requests, send };
}

const settings = swanlabSettings(
  {
    SWANLAB_API_KEY: "key1",
    SWANLAB_API_HOST: `${host}/`,
    SWANLAB_PROJECT: "a-project",
    SWANLAB_RUN_ID: "run1id",
    SWANLAB_TAGS: "one, two",
    SWANLAB_GROUP: "a group",
    SWANLAB_JOB_TYPE: "a job",
    SWANLAB_DESCRIPTION: "a description",
  },
  {},
);
const config = { learning_rate: 0.0002, bits: 4, nested: { a: [1, 2] }, none: null };
const run = { directory: "d", events: "e", name: "a run", config, time: 1_800_000_000 };
const time = 1_800_000_000.25;

/** What an attempt logs, as the script has the client log it. */
async function log(
  send: ReturnType<typeof startServer>["send"],
  steps: number[],
  reason: "done" | "failed",
) {
  const service = swanlabService(send, settings);
  const opened = await service.begin(run, undefined, () => {});
  const names = ["train/loss", "train/learning_rate", "train/global_step"];
  const points = steps.flatMap((step) =>
    names.map((name, i) => ({ name, step, time, value: [1 / step, 2e-4, step][i]! })),
  );
  const last = steps.at(-1)!;
  const nan = { name: "eval/loss", step: last, value: Number.NaN, time };
  const isNew = ({ name, step }: { name: string; step: number }) =>
    step > (opened.sent.get(name) ?? -1);
  const text = { name: "sample", step: last, text: "an answer", caption: "a prompt", time };
  await service.send([...points, nan].filter(isNew), [text]);
  await service.end(reason, time);
  return opened;
}

/** Without what differs from run to run: times, colors, digests, the port. */
function comparable(requests: readonly Recorded[]) {
  return requests.map(({ method, path, headers, body }) => {
    const { authorization, cookie, Cookie } = headers;
    const text = JSON.stringify(body)
      .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"TIME"')
      .replaceAll(/"#[0-9a-f]{6}"/g, '"COLOR"');
    return JSON.parse(
      JSON.stringify({
        method,
        path,
        authorization,
        cookie: cookie ?? Cookie,
        body: sorted(JSON.parse(text)),
      }).replaceAll(/-[0-9a-f]{8}\.txt/g, "-DIGEST.txt"),
    );
  });
}

/** The client sends the configuration's keys in its own order, with the first one as a number. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, sorted(inner)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

it("sends what the client sends, in two attempts", async () => {
  const { requests, send } = startServer();
  const first = await log(send, [1, 2], "done");
  expect(first.page).toBe(`${host}/@someone/a-project/runs/experiment1`);
  expect(first.saved).toEqual({ server: host, run_id: "run1id" });
  const second = await log(send, [2, 3], "failed");
  expect(second.sent).toEqual(new Map([["train/loss", 2]]));

  // The client sends the configuration twice in each attempt, first without values; here it goes once.
  const isConfig = ({ path }: Recorded) => path.endsWith("/profile");
  const theirs = comparable(recorded.filter((one) => !isConfig(one)));
  expect(comparable(requests.filter((one) => !isConfig(one)))).toEqual(theirs);
  const configs = recorded.filter(isConfig);
  expect(comparable(requests.filter(isConfig))).toEqual(comparable([configs[1]!]));
});

it("finds the key that `swanlab login` has stored, but sends it to no other server", () => {
  const stored = `machine ${host}\n\tlogin ${host}\n\tpassword secret\n`;
  writeFileSync(join(work, ".netrc"), stored);
  expect(swanlabSettings({ SWANLAB_ROOT: work }, {})).toMatchObject({
    apiKey: "secret",
    apiHost: host,
  });
  const other = { SWANLAB_ROOT: work, SWANLAB_API_HOST: "https://elsewhere" };
  expect(swanlab.missing?.({} as never, other)).toMatch(/SWANLAB_API_KEY is not set/);
  const offline = { SWANLAB_API_KEY: "k", SWANLAB_MODE: "offline" };
  expect(swanlab.missing?.({} as never, offline)).toMatch(/SWANLAB_MODE is offline/);
  expect(swanlab.missing?.({} as never, { SWANLAB_API_KEY: "k" })).toBeUndefined();
});

it("begins no run where SWANLAB_RESUME must finds none of that id", async () => {
  const { requests, send } = startServer();
  const strict = async (request: JsonRequest) => {
    if (request.url.endsWith("/runs/run1id")) throw new ServerError("Not Found", 404);
    return send(request);
  };
  const env = { SWANLAB_API_KEY: "key1", SWANLAB_API_HOST: host, SWANLAB_PROJECT: "a-project" };
  const must = swanlabSettings({ ...env, SWANLAB_RUN_ID: "run1id", SWANLAB_RESUME: "must" }, {});
  const begin = () => swanlabService(strict, must).begin(run, undefined, () => {});
  await expect(begin()).rejects.toThrow(/a-project has no run run1id: check SWANLAB_RUN_ID/);
  expect(requests.map(({ path }) => path)).not.toContain(
    "/api/project/someone/a-project/experiment",
  );
});
