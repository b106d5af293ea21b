/**
 * The cache is shared with Python's huggingface_hub: what one has downloaded the other finds without
 * a network. Needs the peers' Python (bench/peers/setup.sh, or TUNEWRIGHT_PEERS_PYTHON).
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fetchModel, fetchRepository, type HubReport } from "../../src/hub/index.js";
import { type HubServer, startHub } from "../unit/hubServer.js";

const peers = path.resolve(import.meta.dirname, "../../.tunewright/peers/bin/python");
const python = process.env.TUNEWRIGHT_PEERS_PYTHON || peers;
const there = spawnSync(python, ["-c", "import huggingface_hub"]).status === 0;
if (!there)
  console.warn("skipped: no Python with huggingface_hub (bench/peers/setup.sh makes one)");

const report: HubReport = { say() {}, progress() {}, end() {} };
const rows = Buffer.from('{"text":"一行 a row"}\n'.repeat(5000));
const name = { type: "dataset", name: "owner/rows", revision: "main", path: "" } as const;
const fetchRows = () => fetchRepository(name, (paths) => paths, { report });
const snapshot = `from huggingface_hub import snapshot_download, scan_cache_dir
folder = snapshot_download("owner/rows", repo_type="dataset")
print(folder, len(open(folder + "/data/rows.jsonl", "rb").read()))
print(snapshot_download("owner/model"))
print(scan_cache_dir().warnings)`;

let hub: HubServer;
let home: string;
beforeEach(async () => {
  hub = await startHub();
  home = mkdtempSync(path.join(tmpdir(), "tunewright-python-"));
  for (const variable of ["HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE"]) {
    vi.stubEnv(variable, "");
  }
  vi.stubEnv("HF_HUB_CACHE", path.join(home, "hub"));
  vi.stubEnv("HF_ENDPOINT", hub.address);
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("no_proxy", "*");
  hub.add({
    type: "dataset",
    name: name.name,
    files: { "data/rows.jsonl": rows, "README.md": "#" },
  });
  const weights = Buffer.alloc(5000, 1);
  const files = { "config.json": "{}", "tokenizer.json": "{}", "model.safetensors": weights };
  hub.add({ type: "model", name: "owner/model", files });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  rmSync(home, { recursive: true, force: true });
});

function runPython(code: string): Promise<string> {
  const child = spawn(python, ["-c", code], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  return new Promise((resolve) => child.on("close", () => resolve(output)));
}

describe.skipIf(!there)("the cache of Python's huggingface_hub", () => {
  test("what Python has downloaded is found offline", async () => {
    await runPython(snapshot);
    hub.requests.splice(0);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const { folder, files } = await fetchRows();
    expect(files).toEqual(["README.md", "data/rows.jsonl"]);
    expect(readFileSync(path.join(folder, "data/rows.jsonl"))).toEqual(rows);
    expect(await fetchModel("owner/model", { report })).toContain("models--owner--model");
    expect(hub.requests).toEqual([]);
  });

  test("what is downloaded here Python finds offline, whole and without a warning", async () => {
    const { folder } = await fetchRows();
    const model = await fetchModel("owner/model", { report });
    hub.requests.splice(0);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const output = await runPython(snapshot);
    expect(output.trim().split("\n")).toEqual([`${folder} ${rows.length}`, model, "[]"]);
    expect(hub.requests).toEqual([]);
  });
});
