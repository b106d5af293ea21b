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

it("corrects names that W&B does not take, and says so", () => {
  const env = { WANDB_RUN_ID: "a/b", WANDB_PROJECT: "a/b", WANDB_SILENT: "true" };
  const { remarks, runId, project, silent } = settings({}, env);
  expect([runId, project, silent]).toEqual([undefined, "a-b", true]);
  expect(remarks).toEqual([
    expect.stringMatching(/^WANDB_RUN_ID has no effect: an id has at most 64/),
    expect.stringMatching(/^The project is called a-b/),
  ]);
});
