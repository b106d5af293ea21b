/** Keys of experiment trackers in files of other programs. */
import { describe, expect, it } from "vitest";
import { axolotl } from "./axolotl.js";
import type { Dialect } from "./dialect.js";
import { llamaFactory } from "./llamaFactory.js";
import { swift } from "./swift.js";
import { translate } from "./translate.js";

const ours = ["report_to", "project", "run_name", "wandb_entity", "mlflow_tracking_uri"];

/** Our keys of trackers, and what was said of keys without effect or refused. */
function read(dialect: Dialect, given: Record<string, unknown>) {
  const entries = Object.entries(given).map(([key, value]) => ({ key, value, where: key }));
  const { entries: found, account, problems } = translate(dialect, entries);
  return {
    keys: Object.fromEntries(
      found
        .filter(({ key }) => [...ours, "swanlab_workspace"].includes(key))
        .map(({ key, value }) => [key, value]),
    ),
    idle: Object.fromEntries(
      account.filter(({ kind }) => kind === "no effect").map(({ key, why }) => [key, why]),
    ),
    problems: problems.map(({ error }) => error.message),
  };
}

describe("axolotl", () => {
  it("turns on each tracker that is switched on or whose project is named", () => {
    const both = { use_wandb: true, use_mlflow: true, use_tensorboard: true };
    expect(read(axolotl, both).keys).toEqual({ report_to: "wandb,mlflow,tensorboard" });
    const mlflow = {
      mlflow_tracking_uri: "http://mlflow:5000",
      mlflow_experiment_name: "chat",
      mlflow_run_name: "first",
    };
    expect(read(axolotl, mlflow).keys).toEqual({
      report_to: "mlflow",
      project: "chat",
      run_name: "first",
      mlflow_tracking_uri: "http://mlflow:5000",
    });
    expect(read(axolotl, { use_wandb: false, wandb_project: "", use_mlflow: false }).keys).toEqual(
      {},
    );
  });

  it("says that two projects contradict", () => {
    const { problems } = read(axolotl, { wandb_project: "one", mlflow_experiment_name: "other" });
    expect(problems).toEqual([
      expect.stringMatching(/wandb_project .* and mlflow_experiment_name/),
    ]);
  });

  it("says what it leaves out, and why", () => {
    const given = {
      wandb_project: "p",
      wandb_watch: "gradients",
      wandb_log_model: "checkpoint",
      wandb_run_id: "abc",
      hf_mlflow_log_artifacts: true,
      use_comet: true,
      use_trackio: true,
      use_otel_metrics: true,
    };
    const { idle } = read(axolotl, given);
    expect(Object.keys(idle)).toEqual(Object.keys(given).slice(1));
    expect(idle).toMatchObject({
      wandb_run_id: "set WANDB_RUN_ID in the environment",
      use_comet: expect.stringMatching(/Comet is not supported/),
    });
    const quiet = { wandb_watch: "false", wandb_log_model: "", use_comet: false };
    expect(read(axolotl, quiet).idle).toEqual({});
  });
});

describe("LLaMA-Factory", () => {
  const named = { swanlab_project: "p", swanlab_workspace: "team", swanlab_run_name: "r" };

  it("reports to SwanLab beside what report_to names", () => {
    expect(read(llamaFactory, { use_swanlab: true, ...named }).keys).toEqual({
      report_to: "swanlab",
      project: "p",
      swanlab_workspace: "team",
      run_name: "r",
    });
    const report = (value: unknown) =>
      read(llamaFactory, { use_swanlab: true, report_to: value }).keys.report_to;
    expect(report("wandb")).toBe("wandb,swanlab");
    expect(report(["tensorboard", "swanlab"])).toBe("tensorboard,swanlab");
    expect(report("none")).toBe("swanlab");
    expect(report("all")).toBe("all");
    expect(read(llamaFactory, { use_swanlab: true }).keys.project).toBe("llamafactory");
  });

  it("leaves its names alone where it is off", () => {
    const { keys } = read(llamaFactory, { ...named, use_swanlab: false, report_to: "wandb" });
    expect(keys).toEqual({ report_to: "wandb" });
  });

  it("sends nothing where the log was to stay here, and shows no key", () => {
    const { keys, idle } = read(llamaFactory, {
      ...named,
      use_swanlab: true,
      swanlab_mode: "local",
      swanlab_api_key: "secret",
      swanlab_lark_secret: "secret",
    });
    expect(keys).toEqual({});
    expect(idle).toMatchObject({
      swanlab_mode: expect.stringMatching(/local log is not written/),
      swanlab_api_key: expect.stringMatching(/set SWANLAB_API_KEY/),
      swanlab_lark_secret: "no message is sent",
    });
  });
});

describe("ms-swift", () => {
  it("names a run at SwanLab where report_to has it", () => {
    const named = { swanlab_project: "p", swanlab_exp_name: "r", swanlab_workspace: "team" };
    expect(read(swift, { report_to: ["swanlab"], ...named }).keys).toEqual({
      report_to: ["swanlab"],
      project: "p",
      run_name: "r",
      swanlab_workspace: "team",
    });
    expect(read(swift, { report_to: "wandb", ...named }).keys).toEqual({ report_to: "wandb" });
  });

  it("refuses to send what was to stay here", () => {
    const local = { report_to: "swanlab", swanlab_mode: "local" };
    expect(read(swift, local).problems).toEqual([
      expect.stringMatching(/^swanlab_mode "local" is not supported/),
    ]);
    expect(read(swift, { ...local, report_to: "wandb" }).problems).toEqual([]);
  });
});
