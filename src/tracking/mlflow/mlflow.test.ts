/** Uploads to a server of this machine that speaks MLflow's API, in good and bad weather. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type MlflowServer, type StoredRun, startMlflow } from "../../../test/unit/mlflowServer.js";
import { openEventWriter, type TrainingEvent } from "../../train/index.js";
import { tryLock } from "../../util/fileLock.js";
import { replayRun } from "../replay.js";
import { type RunUpload, uploadBeside } from "../upload/index.js";
import { mlflow, mlflowSettings } from "./index.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-mlflow-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

let server: MlflowServer;
let directory: string;
let said: string[];
beforeEach(async () => {
  server = await startMlflow();
  directory = mkdtempSync(join(work, "run-"));
  said = [];
});
afterEach(() => server.close());

const start = (step: number) => ({ type: "start", step }) as TrainingEvent;
const stepEvent = (step: number) =>
  ({ type: "step", step, epoch: step / 10, loss: 1 / step }) as TrainingEvent;
const end = (step: number, reason: "done" | "failed" | "stopped") =>
  ({ type: "end", step, reason, train_loss: 0.5, epoch: 1 }) as TrainingEvent;

/** An attempt whose events are stored as training would, with a thread that uploads beside it. */
function attempt(resumeStep?: number, within = 10_000) {
  const writer = openEventWriter(directory, resumeStep === undefined ? {} : { resumeStep });
  const config = { learning_rate: 2e-4, bits: 4, many: "x".repeat(7000), project: "chat" };
  const first = writer.write(start(resumeStep ?? 0));
  const run = {
    ...{ directory, events: join(directory, "events.jsonl"), name: "a run", config },
    time: first.time,
  };
  const task: RunUpload = { name: "mlflow", run, attempt: writer.attempt };
  const upload = uploadBeside(
    {
      task,
      env: { MLFLOW_TRACKING_URI: server.address, MLFLOW_TRACKING_TOKEN: "t0ken", no_proxy: "*" },
      interval: 20,
      firstWait: 20,
    },
    {
      label: "mlflow",
      command: `./tunewright track ${directory} --to mlflow`,
      say: (line) => said.push(line),
      within,
    },
  );
  return {
    steps: (from: number, to: number) => {
      for (let step = from; step <= to; step++) writer.write(stepEvent(step));
    },
    end: (step: number, reason: "done" | "failed" | "stopped" = "done") =>
      void writer.write(end(step, reason)),
    close: async () => {
      writer.close();
      await upload.finish();
    },
  };
}

const lossSteps = (run: StoredRun) =>
  run.metrics.filter(({ key }) => key === "train/loss").map(({ step }) => step);
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

describe("a run at an MLflow server", () => {
  it("is one run over all attempts, each value once, with configuration and state", async () => {
    const first = attempt();
    first.steps(1, 5);
    await until(() => server.runs[0] !== undefined && lossSteps(server.runs[0]).length === 5);
    first.end(5, "stopped");
    await first.close();
    expect(server.runs[0]).toMatchObject({ name: "a run", status: "KILLED" });

    // Steps 4 and 5 are done again.
    const second = attempt(3);
    second.steps(4, 8);
    second.end(8);
    await second.close();

    expect(server.runs).toHaveLength(1);
    const [run] = server.runs as [StoredRun];
    expect(lossSteps(run)).toEqual(upTo(8));
    expect(run.status).toBe("FINISHED");
    expect(Object.fromEntries(run.params)).toEqual({
      learning_rate: "0.0002",
      bits: "4",
      project: "chat",
    });
    expect(run.metrics.find(({ step, key }) => step === 4 && key === "train/epoch")?.value).toBe(
      0.4,
    );
    expect(server.headers[0]!.authorization).toBe("Bearer t0ken");
    expect(said.join("\n")).toMatch(/mlflow: parameter many is left out: it is longer than 6000/);
    expect(said.join("\n")).toMatch(/#\/experiments\/0\/runs\/0/);
  });

  it("ends there as killed once it is looked at again, and goes on as the same run", async () => {
    const first = attempt();
    first.steps(1, 4);
    // No end: as after kill -9.
    await first.close();
    expect(server.runs[0]!.status).toBe("RUNNING");
    const env = { MLFLOW_TRACKING_URI: server.address, no_proxy: "*" };
    const track = () => replayRun(directory, "mlflow", { say: () => {}, env });
    await track();
    expect(server.runs[0]).toMatchObject({ status: "KILLED" });
    expect(server.runs[0]!.endTime).toBeGreaterThan(1e12);

    const second = attempt(2);
    second.steps(3, 5);
    await until(() => lossSteps(server.runs[0]!).length === 5);
    expect(server.runs[0]!.status).toBe("RUNNING");
    // While it is trained, and uploads itself, a second uploader is kept away.
    writeFileSync(
      join(directory, "config.json"),
      JSON.stringify({ tunewright: { config: { report_to: ["mlflow"] } } }),
    );
    const lock = tryLock(join(directory, ".train.lock"));
    await expect(track()).rejects.toThrow(/is being trained/);
    lock?.release();
    second.end(5);
    await second.close();
    expect(server.runs).toHaveLength(1);
    expect(server.runs[0]!.status).toBe("FINISHED");
    expect(lossSteps(server.runs[0]!)).toEqual(upTo(5));
  });

  it("has each value once after outages, whatever became of the requests", async () => {
    const run = attempt();
    let last = 0;
    for (const weather of ["lost", "broken", "answers late", "lost", "answers late"] as const) {
      run.steps(last + 1, last + 20);
      last += 20;
      server.weather = weather;
      const before = server.headers.length;
      await until(() => server.headers.length > before + 2);
      server.weather = "fine";
      await until(() => server.runs.length > 0 && lossSteps(server.runs.at(-1)!).length === last);
    }
    run.end(last);
    await run.close();
    // A run whose creation was not heard of may stay behind without values.
    const runs = server.runs.filter(({ metrics }) => metrics.length > 0);
    expect(runs).toHaveLength(1);
    expect(lossSteps(runs[0]!)).toEqual(upTo(last));
    expect(runs[0]!.status).toBe("FINISHED");
    expect(said.filter((line) => /is reached again/.test(line))).not.toHaveLength(0);
  });

  it("ends in time where the server hangs, says how to send the rest, and sends it later", async () => {
    server.weather = "hangs";
    const run = attempt(undefined, 300);
    run.steps(1, 50);
    await until(() => server.headers.length > 0);
    run.end(50);
    await run.close();
    expect(said.at(-1)).toMatch(
      /^mlflow has not confirmed \d+ values \(.*\); to send what it lacks: \.\/tunewright track \S+ --to mlflow$/,
    );
    expect(server.runs).toHaveLength(0);

    server.weather = "fine";
    const later = attempt(50);
    later.end(50);
    await later.close();
    expect(lossSteps(server.runs[0]!)).toEqual(upTo(50));
  });

  it("stops at a server that refuses, and says why", async () => {
    server.weather = "unauthorized";
    const run = attempt();
    run.steps(1, 3);
    await until(() => said.length > 0);
    const asked = server.headers.length;
    await sleep(100);
    expect(server.headers).toHaveLength(asked);
    expect(said[0]).toMatch(
      /answers 401: who are you .*MLFLOW_TRACKING_TOKEN; nothing more is sent/,
    );
    run.end(3);
    await run.close();
    expect(said.at(-1)).toMatch(/has not confirmed/);
  });
});

it("says what is missing, and refuses variables that cannot be used", () => {
  expect(mlflow.missing?.({} as never, {})).toMatch(/MLFLOW_TRACKING_URI is not set/);
  const uri = { MLFLOW_TRACKING_URI: "http://host:5000/" };
  expect(() => mlflowSettings({ ...uri, MLFLOW_TAGS: "[1]" }, {})).toThrow(/MLFLOW_TAGS/);
  const secret = { MLFLOW_TRACKING_USERNAME: "me", MLFLOW_TRACKING_PASSWORD: "pw" };
  expect(mlflowSettings({ ...uri, ...secret, MLFLOW_EXPERIMENT_NAME: "e" }, {})).toMatchObject({
    server: "http://host:5000",
    experimentName: "e",
    headers: { Authorization: "Basic bWU6cHc=" },
  });
  expect(mlflow.missing?.({} as never, { MLFLOW_TRACKING_URI: "sqlite:///m.db" })).toMatch(
    /server/,
  );
});
