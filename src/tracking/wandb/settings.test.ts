import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { wandbSettings } from "./settings.js";

const home = mkdtempSync(join(tmpdir(), "netrc-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const settings = (config: Record<string, unknown>, env: NodeJS.ProcessEnv) =>
  wandbSettings({ output_dir: "out", ...config }, { HOME: home, ...env });

it("takes names from the environment where the configuration has none", () => {
  const env = {
    ...{ WANDB_PROJECT: "p", WANDB_ENTITY: "e", WANDB_NAME: "n", WANDB_NOTES: "some notes" },
    ...{ WANDB_TAGS: "a, b,", WANDB_RUN_GROUP: "g", WANDB_JOB_TYPE: "sft", WANDB_DIR: "/w" },
  };
  expect(settings({}, env)).toMatchObject({
    ...{ project: "p", entity: "e", name: "n", notes: "some notes", tags: ["a", "b"] },
    ...{ group: "g", jobType: "sft", folder: "/w/wandb", remarks: [] },
  });
  expect(settings({}, {})).toMatchObject({ project: "huggingface", name: undefined, tags: [] });
  const named = settings({ project: "mine", run_name: "r", run_tags: ["t"] }, env);
  expect(named).toMatchObject({ project: "mine", name: "r", tags: ["t"] });
  expect(named.remarks).toEqual([
    "WANDB_PROJECT has no effect, because project is mine.",
    "WANDB_NAME has no effect, because run_name is r.",
  ]);
});

it("uploads only where that is asked for and a key is there", () => {
  const mode = (config: object, env: NodeJS.ProcessEnv) => {
    const { mode, reason } = settings({ ...config }, env);
    return [mode, reason ?? ""];
  };
  const key = { WANDB_API_KEY: "secret" };
  expect(mode({}, {})).toEqual(["offline", expect.stringMatching(/no key/)]);
  expect(mode({}, key)).toEqual(["online", ""]);
  expect(mode({}, { ...key, WANDB_MODE: "offline" })).toEqual(["offline", "WANDB_MODE is offline"]);
  expect(mode({}, { ...key, WANDB_MODE: "dryrun" })[0]).toBe("offline");
  expect(mode({}, { ...key, WANDB_MODE: "shared" })[0]).toBe("online");
  expect(mode({}, { ...key, WANDB_MODE: "ofline" })[0]).toBe("offline");
  expect(mode({ wandb_mode: "offline" }, { ...key, WANDB_MODE: "online" })[0]).toBe("offline");
  expect(mode({}, { ...key, WANDB_DISABLED: "true" })[0]).toBe("disabled");
  expect(mode({}, { ...key, WANDB_MODE: "disabled" })[0]).toBe("disabled");
  expect(mode({}, { ...key, WANDB_BASE_URL: "nonsense" })[0]).toBe("offline");
});

it("finds the key that wandb login has stored for the server", () => {
  writeFileSync(
    join(home, ".netrc"),
    "machine other.example login user password wrong\n# machine api.wandb.ai password old\n" +
      "machine api.wandb.ai\n  login user\n  password right\n",
  );
  expect(settings({}, {}).apiKey).toBe("right");
  expect(settings({}, { WANDB_API_KEY: "given" }).apiKey).toBe("given");
  expect(settings({}, { WANDB_BASE_URL: "http://other.example:80/" }).apiKey).toBe("wrong");
  expect(settings({}, { WANDB_BASE_URL: "http://third.example" }).mode).toBe("offline");
  rmSync(join(home, ".netrc"));
});

it("tells what has no effect, without its value", () => {
  const { remarks, runId, project } = settings(
    {},
    {
      ...{ WANDB_LOG_MODEL: "end", WANDB_WATCH: "false", WANDB_SWEEP_ID: "secret sweep" },
      ...{ WANDB_RUN_ID: "a/b", WANDB_RESUME: "never", WANDB_PROJECT: "a/b", WANDB_SILENT: "true" },
    },
  );
  expect(runId).toBeUndefined();
  expect(project).toBe("a-b");
  expect(remarks).toHaveLength(4);
  expect(remarks[0]).toBe("WANDB_LOG_MODEL, WANDB_SWEEP_ID: no effect.");
  expect(remarks.join()).not.toContain("secret");
});
