/** Where benchmarks' files are found: folders, archives, downloads. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type HubServer, startHub } from "../../test/unit/hubServer.js";
import type { HubReport } from "../hub/index.js";
import { tarOf, zipOf } from "./archive/testArchives.js";
import { openBenchmark } from "./files.js";
import { benchmarks, downloadBenchmarks, evaluate } from "./index.js";
import { choosesB } from "./tasks/testFolder.js";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "files-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const quiz = { name: "quiz", markers: ["test/sums.csv"], source: "this test" };

const cmmluEntries = ["dev", "test"].map((split) => ({
  name: `${split}/agronomy.csv`,
  data: ",Question,A,B,C,D,Answer\n0,牛吃什么,草,米,铁,沙,A\n1,鸡吃什么,草,米,铁,沙,B\n",
}));

describe("files of a benchmark", () => {
  test("are read from an archive as from a folder", async () => {
    const entries = [
      { name: "quiz-main/README.md", data: "# quiz" },
      { name: "quiz-main/data/test/sums.csv", data: '1+1,"2,",B\n' },
      { name: "quiz-main/data/test/sums.jsonl.gz", data: gzipSync('{"a":1}\n{"a":2}\n') },
      { name: "quiz-main/data/latin.csv", data: Buffer.from([0xe9]) },
    ];
    for (const [name, make] of [
      ["a.zip", zipOf],
      ["b.tar", tarOf],
    ] as const) {
      const path = join(dataDir, name);
      writeFileSync(path, make(entries));
      for (const place of [dataDir, path, { quiz: path }]) {
        const files = openBenchmark(quiz, place);
        expect(files.has("test/sums.csv") && !files.has("test/other.csv")).toBe(true);
        expect(await files.csv("test/sums.csv")).toEqual([["1+1", "2,", "B"]]);
        expect(await files.jsonl("test/sums.jsonl.gz")).toEqual([{ a: 1 }, { a: 2 }]);
        await expect(files.text("latin.csv")).rejects.toThrow("latin.csv is not UTF-8");
        await expect(files.text("test/other.csv")).rejects.toThrow("test/other.csv is missing");
      }
      rmSync(path);
    }
  });

  test("are known by names that no other benchmark has", () => {
    const markers = benchmarks.flatMap((benchmark) => benchmark.markers);
    expect(markers.filter((one, i) => markers.indexOf(one) !== i)).toEqual([]);
  });

  test("come from a folder rather than from an archive beside it", () => {
    writeFileSync(join(dataDir, "a.zip"), zipOf([{ name: "test/sums.csv" }]));
    mkdirSync(join(dataDir, "unpacked/test"), { recursive: true });
    writeFileSync(join(dataDir, "unpacked/test/sums.csv"), "");
    expect(openBenchmark(quiz, dataDir).folder).toBe(join(dataDir, "unpacked"));
  });

  test("are missed with a word about archives that cannot be read", () => {
    writeFileSync(join(dataDir, "damaged.zip"), "PK");
    expect(() => openBenchmark(quiz, dataDir)).toThrow("the files of quiz are not in");
    try {
      openBenchmark(quiz, dataDir);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        why: expect.stringMatching(/no test\/sums.csv .*damaged.zip: has no list of entries/),
      });
    }
  });
});

describe("downloads", () => {
  let hub: HubServer;
  const said: string[] = [];
  const report: HubReport = { say: (line) => said.push(line), progress() {}, end() {} };

  beforeEach(async () => {
    hub = await startHub();
    for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE"]) {
      vi.stubEnv(name, "");
    }
    vi.stubEnv("HF_ENDPOINT", hub.address);
    vi.stubEnv("no_proxy", "*");
    vi.stubEnv("HF_HOME", dataDir);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await hub.close();
  });

  const addCmmlu = () =>
    hub.add({
      type: "dataset",
      name: "haonan-li/cmmlu",
      files: { "README.md": "# CMMLU", "cmmlu_v1_0_1.zip": zipOf(cmmluEntries) },
    });

  test("bring the publisher's archive once, and later need no network", async () => {
    addCmmlu();
    const tasks = ["cmmlu_agronomy"];
    const archives = await downloadBenchmarks({ tasks }, { report });
    expect(Object.keys(archives)).toEqual(["cmmlu"]);
    expect(hub.requests.some((one) => one.includes("README.md"))).toBe(false);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const asked = hub.requests.length;
    const { results } = await evaluate({ model: choosesB(), tasks });
    expect(results.cmmlu_agronomy!["acc,none"]).toBe(0.5);
    expect(hub.requests.length).toBe(asked);
  });

  test("are refused for what only publishers' pages offer, saying what to put where", async () => {
    const refused = downloadBenchmarks({ tasks: ["bbh", "cmmlu_agronomy", "gsm8k"] }, { report });
    await expect(refused).rejects.toMatchObject({
      message: "bbh, gsm8k cannot be downloaded by name",
      todo: expect.stringMatching(/github.com\/suzgunmirac\/BIG-Bench-Hard \(as DIR\/bbh\)/),
    });
    expect(hub.requests).toEqual([]);
  });

  test("say so where the hub has none", async () => {
    await expect(downloadBenchmarks({ tasks: ["mmlu_anatomy"] }, { report })).rejects.toThrow(
      /cais\/mmlu/,
    );
  });
});
