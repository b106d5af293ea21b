import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { startMlflow } from "../../test/unit/mlflowServer.js";
import { openEventWriter, type TrainingEvent } from "../train/index.js";
import { replayRun } from "./index.js";

const run = mkdtempSync(join(tmpdir(), "tunewright-replay-"));
afterAll(() => rmSync(run, { recursive: true, force: true }));

const events = [
  { type: "start", step: 0, run_name: "a run" },
  { type: "step", step: 1, epoch: 0.5, loss: 2 },
  { type: "step", step: 2, epoch: 1, loss: Number.NaN },
  { type: "end", step: 2, reason: "done", epoch: 1, train_loss: 2 },
] as unknown as TrainingEvent[];
const writer = openEventWriter(run);
for (const event of events) writer.write(event);
writer.close();
const say = () => {};

it("shows a run in the trackers that it was not reported to", async () => {
  await replayRun(run, "csv", { say, env: {} });
  const lines = readFileSync(join(run, "metrics.csv"), "utf8").trim().split("\n");
  expect(lines).toHaveLength(3);
  await replayRun(run, "tensorboard", { say, env: {} });
  const file = readdirSync(join(run, "runs")).find((name) => name.includes("tfevents"));
  expect(statSync(join(run, "runs", file!)).size).toBeGreaterThan(200);

  const server = await startMlflow();
  const env = { MLFLOW_TRACKING_URI: server.address, no_proxy: "*" };
  // The second time there is nothing to send.
  await replayRun(run, "mlflow", { say, env });
  await replayRun(run, "mlflow", { say, env });
  expect(server.runs).toHaveLength(1);
  const losses = server.runs[0]!.metrics.filter(({ key }) => key === "train/loss");
  expect(losses.map(({ step, value }) => [step, value])).toEqual([
    [1, 2],
    [2, "NaN"],
  ]);
  expect(server.runs[0]!.status).toBe("FINISHED");

  server.weather = "broken";
  await expect(replayRun(run, "mlflow", { say, env, within: 50 })).rejects.toMatchObject({
    message: expect.stringMatching(/does not have the whole run/),
    exitCode: 1,
  });
  await server.close();
});

it("says what is missing", async () => {
  await expect(replayRun(run, "mlflow", { say, env: {} })).rejects.toThrow(/Nothing can be sent/);
  await expect(replayRun(join(run, "no"), "csv", { say })).rejects.toThrow(/has no run to show/);
});
