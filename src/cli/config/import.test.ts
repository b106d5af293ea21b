/** `config import` from outside. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const root = path.resolve(path.dirname(main), "../..");
const tsx = pathToFileURL(path.join(root, "node_modules/tsx/dist/esm/index.mjs")).href;
const folder = mkdtempSync(path.join(tmpdir(), "tunewright-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tunewright(...args: string[]) {
  return spawnSync(process.execPath, ["--import", tsx, main, ...args], {
    encoding: "utf8",
    cwd: folder,
  });
}

const axolotl = (...more: string[]) =>
  writeFileSync(
    path.join(folder, "axolotl.yml"),
    [
      "base_model: some/model",
      "datasets: [{ path: talk.jsonl, type: chat_template }]",
      "micro_batch_size: 2",
      "learning_rate: 2e-5",
      "wandb_project: mine",
      ...more,
    ].join("\n"),
  );

test("writes a file of ours once, and says what became of each key", () => {
  axolotl();
  const { status, stdout } = tunewright("config", "import", "axolotl.yml", "--out", "run.yaml");
  expect([status, stdout]).toEqual([0, expect.stringContaining("written for axolotl")]);
  expect(stdout).toMatch(/translated +micro_batch_size 2 → per_device_train_batch_size 2/);
  expect(stdout).toMatch(/translated +wandb_project "mine" → project "mine", report_to "wandb"/);
  const text = readFileSync(path.join(folder, "run.yaml"), "utf8");
  expect(text).toMatch(/^per_device_train_batch_size: 2 {2}# micro_batch_size 2$/m);
  const again = tunewright("config", "import", "axolotl.yml", "--out", "run.yaml");
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining("exists already")]);
  const forced = tunewright("config", "import", "axolotl.yml", "--out", "run.yaml", "--overwrite");
  expect(forced.status).toBe(0);
  const ours = tunewright("config", "import", "run.yaml");
  expect([ours.status, ours.stderr]).toEqual([
    2,
    expect.stringContaining("not a configuration of another trainer"),
  ]);
});

test("all problems at once; what is refused stays in the new file, and is refused there too", () => {
  axolotl("relora: true", "use_eaft: true", "no_such_key: 1");
  const { status, stdout, stderr } = tunewright("config", "import", "axolotl.yml", "--json");
  const { ok, problems, keys } = JSON.parse(stdout);
  expect([status, ok, problems.length]).toEqual([2, false, 3]);
  expect(keys).toContainEqual(
    expect.objectContaining({ key: "relora", kind: "refused", where: "axolotl.yml:6" }),
  );
  expect(stderr).toMatch(
    /relora true .*axolotl\.yml:6[\s\S]*use_eaft true .*:7[\s\S]*no_such_key .*:8/,
  );
  tunewright("config", "import", "axolotl.yml", "--out", "refused.yaml");
  expect(existsSync(path.join(folder, "refused.yaml"))).toBe(true);
  const check = tunewright("check", "refused.yaml");
  expect(check.status).toBe(2);
  expect(check.stderr).toMatch(/relora true is not supported \(refused\.yaml:\d+\)/);
});
