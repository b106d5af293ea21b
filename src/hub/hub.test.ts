/** Repositories of a local hub: cache, resuming, faults, access, hostile servers. */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type HubServer, sha256, startHub } from "../../test/unit/hubServer.js";
import { ConfigError, DataError, EnvironmentError } from "../util/errors.js";
import {
  fetchModel,
  fetchRepository,
  fetchUrl,
  type HubReport,
  hubSettings,
  modelOnDisk,
  parseRepositoryName,
} from "./index.js";

let hub: HubServer;
let home: string;
let said: string[];
const report: HubReport = { say: (line) => said.push(line), progress() {}, end() {} };

beforeEach(async () => {
  hub = await startHub();
  home = mkdtempSync(join(tmpdir(), "tunewright-hub-"));
  said = [];
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE"]) {
    vi.stubEnv(name, "");
  }
  vi.stubEnv("HF_ENDPOINT", hub.address);
  vi.stubEnv("no_proxy", "*");
  vi.stubEnv("HF_HOME", home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  rmSync(home, { recursive: true, force: true });
});

const quick = () => ({ report, settings: { ...hubSettings(), retryDelay: 1 } });
const rows = (count: number) => '{"text":"一行 a row"}\n'.repeat(count);
const name = { type: "dataset", name: "owner/rows", revision: "main", path: "" } as const;
const fetchAll = (options = quick()) => fetchRepository(name, (paths) => paths, options);
const addRows = (count = 5000) =>
  hub.add({
    type: "dataset",
    name: name.name,
    files: { "data/a.jsonl": rows(count), "README.md": "# 行" },
  });
const blobs = () => readdirSync(join(home, "hub/datasets--owner--rows/blobs")).sort();

test("files come into the standard layout, and a second look costs one request", async () => {
  const commit = addRows();
  const { folder, files } = await fetchAll();
  expect(files).toEqual(["README.md", "data/a.jsonl"]);
  expect(folder).toBe(join(home, "hub/datasets--owner--rows/snapshots", commit));
  expect(readFileSync(join(folder, "data/a.jsonl"), "utf8")).toBe(rows(5000));
  expect(realpathSync(join(folder, "data/a.jsonl"))).toMatch(
    new RegExp(`blobs/${sha256(Buffer.from(rows(5000)))}$`),
  );
  expect(readFileSync(join(folder, "../../refs/main"), "utf8")).toBe(commit);
  expect(said).toEqual(["downloading owner/rows: 2 files, 120.0 kB"]);
  hub.requests.splice(0);
  await fetchAll();
  expect(hub.requests).toEqual(["GET /api/datasets/owner/rows/revision/main"]);
  await fetchRepository({ ...name, revision: commit }, (paths) => paths, quick());
  expect(hub.requests).toHaveLength(1);
});

test("offline, the cache is all there is, and nothing is asked", async () => {
  addRows();
  await fetchAll();
  for (const variable of ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) {
    vi.stubEnv(variable, "1");
    hub.requests.splice(0);
    expect((await fetchAll()).files).toHaveLength(2);
    await expect(
      fetchRepository({ ...name, name: "owner/other" }, (p) => p, quick()),
    ).rejects.toThrow(/owner\/other is neither a local path nor in the cache/);
    expect(hub.requests).toEqual([]);
    vi.stubEnv(variable, "");
  }
});

test("offline, a part of what is wanted is refused, naming what is missing", async () => {
  addRows();
  await fetchRepository(name, () => ["README.md"], quick());
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  await expect(fetchAll()).rejects.toMatchObject({
    message: expect.stringContaining("is only partly in the cache"),
    why: expect.stringContaining("data/a.jsonl is missing"),
  });
});

test("without a network the files of the last time serve, and that is said", async () => {
  addRows();
  await fetchAll();
  await hub.close();
  expect((await fetchAll()).files).toHaveLength(2);
  expect(said.at(-1)).toMatch(/cannot be reached .*using the cached files/);
  await expect(fetchRepository({ ...name, name: "owner/x" }, (p) => p, quick())).rejects.toThrow(
    EnvironmentError,
  );
});

test("a new commit on the branch brings the new files only", async () => {
  addRows();
  const before = await fetchAll();
  hub.add({
    type: "dataset",
    name: name.name,
    files: { "data/a.jsonl": rows(5000), "b.jsonl": "{}\n" },
  });
  hub.requests.splice(0);
  const after = await fetchAll();
  expect(after.files).toEqual(["b.jsonl", "data/a.jsonl"]);
  expect(after.folder).not.toBe(before.folder);
  expect(hub.requests.filter((line) => line.includes("/lfs/"))).toEqual([]);
  expect(readFileSync(join(after.folder, "data/a.jsonl"), "utf8")).toBe(rows(5000));
});

test("a connection that breaks is taken up where it broke", async () => {
  addRows();
  hub.breakAfter(40_000);
  const { folder } = await fetchRepository(name, () => ["data/a.jsonl"], quick());
  expect(readFileSync(join(folder, "data/a.jsonl"), "utf8")).toBe(rows(5000));
  const ranges = hub.requests.filter((line) => line.includes("/lfs/"));
  expect(ranges).toHaveLength(2);
  expect(ranges[1]).toMatch(/bytes=\d{5}-$/);
});

test("after a kill in the middle nothing is taken for whole, and the next run goes on", async () => {
  addRows(40_000);
  hub.slow(200_000);
  const script = `import { fetchRepository } from ${JSON.stringify(join(import.meta.dirname, "index.ts"))};
    await fetchRepository(${JSON.stringify(name)}, () => ["data/a.jsonl"]);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    stdio: "inherit",
  });
  const folder = join(home, "hub/datasets--owner--rows");
  const part = () =>
    existsSync(join(folder, "blobs")) && blobs().find((file) => file.endsWith(".incomplete"));
  while (!part() || readFileSync(join(folder, "blobs", part() as string)).length < 50_000) {
    await new Promise((go) => setTimeout(go, 20));
    expect(child.exitCode).toBe(null);
  }
  child.kill("SIGKILL");
  await new Promise((ended) => child.on("exit", ended));
  expect(existsSync(join(folder, "snapshots"))).toBe(false);
  hub.slow(Number.POSITIVE_INFINITY);
  hub.requests.splice(0);
  const { folder: files } = await fetchRepository(name, () => ["data/a.jsonl"], quick());
  expect(readFileSync(join(files, "data/a.jsonl"), "utf8")).toBe(rows(40_000));
  expect(hub.requests.some((line) => /resolve.*bytes=\d{5,}-$/.test(line))).toBe(true);
  expect(blobs()).toHaveLength(1);
});

test("a part that is damaged is thrown away, a server that sends other bytes is refused", async () => {
  addRows();
  const blob = sha256(Buffer.from(rows(5000)));
  const { folder } = await fetchAll();
  const file = realpathSync(join(folder, "data/a.jsonl"));
  truncateSync(file, 1000);
  writeFileSync(`${file}.incomplete`, "x".repeat(1000));
  rmSync(file);
  await fetchAll();
  expect(readFileSync(file, "utf8")).toBe(rows(5000));
  const changed = rows(5000).replace("a row", "A row");
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    return new Response(String(input).includes("/resolve/") ? changed : "", { status: 200 });
  });
  rmSync(file);
  await expect(
    fetchRepository({ ...name, revision: await fetchCommit() }, (p) => p, quick()),
  ).rejects.toThrow(/the downloaded file differs from the one listed/);
  expect(blobs().filter((path) => path.startsWith(blob))).toEqual([`${blob}.lock`]);
  fetched.mockRestore();
});
const fetchCommit = async () =>
  readFileSync(join(home, "hub/datasets--owner--rows/refs/main"), "utf8");

test("several processes that want the same file download it once", async () => {
  addRows(20_000);
  hub.slow(5_000_000);
  await Promise.all([fetchAll(), fetchAll(), fetchAll()]);
  expect(hub.requests.filter((line) => line.includes("/lfs/"))).toHaveLength(1);
});

test("what passes is tried again; what does not is explained", async () => {
  addRows();
  hub.failNext(503, 2);
  expect((await fetchAll()).files).toHaveLength(2);
  hub.failNext(429, 9);
  const other = { ...name, name: "owner/else" };
  await expect(fetchRepository(other, (p) => p, quick())).rejects.toMatchObject({
    why: expect.stringContaining("429"),
    todo: expect.stringContaining("HF_TOKEN"),
  });
});

test("private, gated, unknown, wrong revision: each says what to do", async () => {
  hub.add({ type: "dataset", name: "owner/closed", access: "private", files: { "a.jsonl": "{}" } });
  hub.add({ type: "dataset", name: "owner/gated", access: "gated", files: { "a.jsonl": "{}" } });
  addRows();
  const open = (changes: object) => fetchRepository({ ...name, ...changes }, (p) => p, quick());
  const missing = await open({ name: "owner/closed" }).catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(DataError);
  expect(missing).toMatchObject({ todo: expect.stringContaining("set HF_TOKEN") });
  await expect(open({ name: "owner/gated" })).rejects.toMatchObject({
    message: "the data set owner/gated requires that you request access",
    todo: expect.stringContaining(`request access at ${hub.address}/datasets/owner/gated`),
  });
  await expect(open({ revision: "v9" })).rejects.toThrow("owner/rows@v9: no such revision");
  await expect(open({ type: "model" })).rejects.toThrow(ConfigError);
  vi.stubEnv("HF_TOKEN", "hf_right");
  expect((await open({ name: "owner/gated" })).files).toEqual(["a.jsonl"]);
  expect((await open({ name: "owner/closed" })).files).toEqual(["a.jsonl"]);
});

test("a list of files that comes in several answers is read to its end", async () => {
  const paths = Array.from({ length: 120 }, (_, index) => `${1000 + index}.jsonl`);
  const files = Object.fromEntries(paths.map((path) => [path, rows(1)]));
  hub.add({ type: "dataset", name: name.name, files });
  const seen: string[] = [];
  await fetchRepository(name, (all) => seen.splice(0, seen.length, ...all), quick());
  expect(seen).toEqual(paths);
});

test.each([
  ["an HTML page", "<html></html>", "the response is not JSON"],
  ["something else", "[]", "has no commit"],
])("an endpoint that answers with %s is no hub", async (_what, answer, why) => {
  const server = createServer((_request, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("HF_ENDPOINT", `http://127.0.0.1:${port}`);
  await expect(fetchAll()).rejects.toMatchObject({
    message: `http://127.0.0.1:${port} does not behave like a hub`,
    why: expect.stringContaining(why),
  });
  server.close();
});

test("the token goes to the hub and to no other server", async () => {
  const cdn = await startHub();
  cdn.add({ type: "dataset", name: "x/y", files: { "a.jsonl": "{}" } });
  vi.stubEnv("HF_TOKEN", "hf_right");
  addRows();
  await fetchAll();
  expect(hub.requests.filter((line) => line.includes("/lfs/"))).toHaveLength(1);
  expect(hub.tokens.length).toBeGreaterThan(0);
  expect(hub.tokens.filter((line) => line.startsWith("/lfs/"))).toEqual([]);
  await fetchUrl(`${cdn.address}/datasets/x/y/resolve/main/a.jsonl`, quick());
  expect(cdn.tokens).toEqual([]);
  await cdn.close();
});

test.each([
  "../../evil.jsonl",
  "/etc/evil.jsonl",
  "a/../../evil.jsonl",
  "a\\..\\evil.jsonl",
  "C:evil.jsonl",
])("a file that is called %s is refused", async (path) => {
  hub.add({ type: "dataset", name: name.name, files: { [path]: rows(2), "good.jsonl": rows(2) } });
  await expect(fetchAll()).rejects.toThrow(/the hub lists a file/);
  expect(readdirSync(home)).toEqual([]);
});

test("a disk that is full or read-only is named as such", async () => {
  addRows();
  writeFileSync(join(home, "hub"), "a file where the cache should be");
  await expect(fetchAll()).rejects.toMatchObject({
    name: "EnvironmentError",
    todo: expect.stringContaining("HF_HOME"),
  });
});

test("a server that does not answer is given up after the time that the environment says", async () => {
  vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", "0.2");
  addRows();
  hub.slow(0);
  await expect(fetchAll()).rejects.toMatchObject({
    why: expect.stringContaining("no data for 0.2 s"),
  });
}, 30_000);

test("of a model come tokenizer, configuration and safetensors, and no pickled weights beside them", async () => {
  const shard = "w".repeat(3000);
  const index = JSON.stringify({
    weight_map: { a: "model-00001-of-00002.safetensors", b: "m2.safetensors" },
  });
  hub.add({
    type: "model",
    name: "Owner/Model",
    files: {
      "config.json": "{}",
      "tokenizer.json": "{}",
      "additional_chat_templates/rag.jinja": "rag",
      "additional_chat_templates/read.me": "no template",
      "model-00001-of-00002.safetensors": shard,
      "m2.safetensors": `${shard}2`,
      "consolidated.safetensors": `${shard}3`,
      "model.safetensors.index.json": index,
      "pytorch_model.bin": "pickle",
      "modeling_x.py": "import os",
    },
  });
  expect(modelOnDisk("Owner/Model", quick())).toBe(undefined);
  const text = await fetchModel("Owner/Model", { ...quick(), parts: "text" });
  const folderOfTemplates = "additional_chat_templates";
  expect(readdirSync(text).sort()).toEqual([folderOfTemplates, "config.json", "tokenizer.json"]);
  expect(readdirSync(join(text, folderOfTemplates))).toEqual(["rag.jinja"]);
  const folder = await fetchModel("Owner/Model", quick());
  expect(readdirSync(folder).sort()).toEqual([
    folderOfTemplates,
    "config.json",
    "m2.safetensors",
    "model-00001-of-00002.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
  ]);
  hub.add({
    type: "model",
    name: "o/lost",
    files: { "model.safetensors.index.json": '{"weight_map":{"a":"lost.safetensors"}}' },
  });
  await expect(fetchModel("o/lost", quick())).rejects.toThrow(
    "o/lost has no file lost.safetensors",
  );
  hub.requests.splice(0);
  expect(modelOnDisk("Owner/Model", quick())).toBe(folder);
  expect(hub.requests).toEqual([]);
});

test("pickled weights come where there are no others; a .gguf file can be named", async () => {
  const [one, two] = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"];
  const index = JSON.stringify({ weight_map: { a: one, b: two, c: one } });
  const files = { "config.json": "{}", "rng_state.pth": "x", [one!]: "x", [two!]: "y" };
  hub.add({
    type: "model",
    name: "o/old",
    files: { ...files, "pytorch_model.bin.index.json": index },
  });
  const folder = await fetchModel("o/old", quick());
  const names = ["config.json", one, two, "pytorch_model.bin.index.json"];
  expect(readdirSync(folder).sort()).toEqual(names);
  hub.add({ type: "model", name: "o/other", files: { "config.json": "{}", "model.pt": "x" } });
  await expect(fetchModel("o/other", quick())).rejects.toMatchObject({
    why: expect.stringContaining("only model.pt"),
  });
  hub.add({ type: "model", name: "o/gg", files: { "a.Q4_0.gguf": "x", "b.Q8_0.gguf": "y" } });
  await expect(fetchModel("o/gg", quick())).rejects.toMatchObject({
    todo: "choose one, for example hf://o/gg/a.Q4_0.gguf",
  });
  expect(readFileSync(await fetchModel("hf://o/gg/b.Q8_0.gguf", quick()), "utf8")).toBe("y");
});

test("a folder here wins over a model of the same name; cache_dir holds downloads", async () => {
  const folder = join(home, "cache");
  hub.add({ type: "model", name: "o/m", files: { "config.json": "{}", "model.safetensors": "x" } });
  const path = await fetchModel("o/m", { report, cacheDirectory: folder, settings: undefined });
  expect(path.startsWith(join(folder, "models--o--m"))).toBe(true);
  vi.spyOn(process, "cwd").mockReturnValue(home);
  await expect(fetchModel("nowhere", quick())).rejects.toThrow("model nowhere not found");
  await expect(fetchModel("./o/m", quick())).rejects.toThrow("model ./o/m not found");
  vi.restoreAllMocks();
});

test("a plain address is kept by its version", async () => {
  hub.add({ type: "dataset", name: "x/y", files: { "a%20b.jsonl": "1" } });
  const address = `${hub.address}/lfs`;
  const content = Buffer.from(rows(3000));
  hub.add({ type: "dataset", name: "x/z", files: { "big.jsonl": content } });
  const url = `${address}/${sha256(content)}`;
  const path = await fetchUrl(url, quick());
  expect(readFileSync(path)).toEqual(content);
  hub.requests.splice(0);
  expect(await fetchUrl(url, quick())).toBe(path);
  expect(hub.requests).toEqual([`GET /lfs/${sha256(content)} bytes=0-0`]);
  await expect(fetchUrl(`${hub.address}/api/none`, quick())).rejects.toThrow(EnvironmentError);
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  expect(await fetchUrl(url, quick())).toBe(path);
  await expect(fetchUrl(`${address}/other?key=secret`, quick())).rejects.toThrow(
    `${address}/other is not in the cache`,
  );
});

test("names of repositories", () => {
  const parse = (text: string) => parseRepositoryName(text, "dataset", "https://mirror.example");
  expect(parse("owner/name")).toEqual({
    type: "dataset",
    name: "owner/name",
    revision: "main",
    path: "",
  });
  expect(parse("hf://datasets/o/n@refs/convert/parquet/data/*.parquet")).toEqual({
    type: "dataset",
    name: "o/n",
    revision: "refs/convert/parquet",
    path: "data/*.parquet",
  });
  expect(parse("hf://o/n@v1.0")).toMatchObject({ type: "model", revision: "v1.0" });
  expect(parse("https://mirror.example/datasets/o/n/blob/main/a%20b.jsonl")).toMatchObject({
    type: "dataset",
    path: "a b.jsonl",
  });
  expect(parse("https://elsewhere.example/datasets/o/n/blob/main/a.jsonl")).toBe(undefined);
  for (const text of ["name", "a b/c", "../x", "o/..", "o/n@../x", "o/n--x", "-o/n"]) {
    expect(parse(text)).toBe(undefined);
  }
  expect(() => parse("hf://datasets/only")).toThrow(ConfigError);
});
