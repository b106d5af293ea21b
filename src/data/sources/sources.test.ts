/** What users name, and the files that they get: on this disk and on a local hub. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type HubServer, startHub } from "../../../test/unit/hubServer.js";
import { openUrl } from "../../hub/index.js";
import { ConfigError, DataError } from "../../util/errors.js";
import { openConversations } from "../conversationSource.js";
import { globToRegExp } from "./glob.js";
import { resolveSources, resolveStreams } from "./index.js";

let folder: string;
let said: string[];
const report = { say: (line: string) => said.push(line), progress() {}, end() {} };
const find = async (...specs: string[]) =>
  (await resolveSources(specs, { report })).map((file) => file.replace(`${folder}/`, ""));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tunewright-sources-"));
  said = [];
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HOME", join(folder, ".home"));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), "{}\n");
  }
}
const at = (path: string) => join(folder, path);

describe("on this disk", () => {
  test("a folder stands for its data files, sorted, without reports, hidden and foreign ones", async () => {
    write(
      "d/b.jsonl",
      "d/a.jsonl.gz",
      "d/sub/c.parquet",
      "d/数据/中文.csv.zst",
      "d/z.json",
      "d/10.ndjson",
    );
    write("d/a.jsonl.rejected.jsonl", "d/manifest.json", "d/b.report.json", "d/dataset_info.json");
    write("d/.hidden.jsonl", "d/.cache/x.jsonl", "d/README.md", "d/b.jsonl.part", "d/x.idx");
    expect(await find(at("d"))).toEqual([
      "d/10.ndjson",
      "d/a.jsonl.gz",
      "d/b.jsonl",
      "d/sub/c.parquet",
      "d/z.json",
      "d/数据/中文.csv.zst",
    ]);
  });

  test("patterns", async () => {
    write("d/a.jsonl", "d/b.jsonl", "d/b.jsonl.gz", "d/s/c.jsonl", "d/s/t/d.jsonl", "d/.h/e.jsonl");
    write("d/a.jsonl.rejected.jsonl", "d/notes.txt");
    expect(await find(at("d/*.jsonl"))).toEqual(["d/a.jsonl", "d/b.jsonl"]);
    expect(await find(at("d/**/*.jsonl"))).toEqual([
      "d/a.jsonl",
      "d/b.jsonl",
      "d/s/c.jsonl",
      "d/s/t/d.jsonl",
    ]);
    expect(await find(at("d/*/*.jsonl"))).toEqual(["d/s/c.jsonl"]);
    expect(await find(at("d/{a,s/c}.jsonl"))).toEqual(["d/a.jsonl", "d/s/c.jsonl"]);
    expect(await find(at("d/?.jsonl{,.gz}"))).toEqual(["d/a.jsonl", "d/b.jsonl", "d/b.jsonl.gz"]);
    expect(await find(at("d/[!a].jsonl"))).toEqual(["d/b.jsonl"]);
    expect(await find(at("d/s*"))).toEqual(["d/s/c.jsonl", "d/s/t/d.jsonl"]);
    expect(await find(at("d/*.rejected.jsonl"))).toEqual(["d/a.jsonl.rejected.jsonl"]);
    expect(await find(at("d/notes.*"))).toEqual(["d/notes.txt"]);
  });

  test("a file whose name looks like a pattern is itself", async () => {
    write("d/a[1].jsonl", "d/a1.jsonl");
    expect(await find(at("d/a[1].jsonl"))).toEqual(["d/a[1].jsonl"]);
  });

  test("each file is read once, in the order of what was named, and that is said", async () => {
    write("d/a.jsonl", "d/b.jsonl");
    expect(await find(at("d/b.jsonl"), at("d"), at("d/*.jsonl"))).toEqual([
      "d/b.jsonl",
      "d/a.jsonl",
    ]);
    expect(said).toHaveLength(3);
    expect(said[0]).toMatch(/d\/b\.jsonl was given more than once; it is read once/);
  });

  test("links are followed, and a circle of them ends", async () => {
    write("real/a.jsonl");
    mkdirSync(at("d"));
    symlinkSync(at("real"), at("d/link"));
    symlinkSync(at("d"), at("d/circle"));
    symlinkSync(at("nowhere"), at("d/other"));
    expect(await find(at("d"))).toEqual(["d/link/a.jsonl"]);
    symlinkSync(at("nowhere"), at("d/broken.jsonl"));
    await expect(find(at("d"))).rejects.toThrow(/broken\.jsonl: no such file/);
  });

  test("what does not exist is refused, naming the nearest thing that does", async () => {
    write("data/train.jsonl", "data/valid.jsonl", "empty/.x");
    const refusal = (spec: string) => resolveSources([spec], { report }).catch((error) => error);
    expect(await refusal(at("data/trian.jsonl"))).toMatchObject({
      message: `${at("data/trian.jsonl")}: no such file`,
      why: `the folder ${at("data")} contains train.jsonl, valid.jsonl`,
      todo: `did you mean ${at("data/train.jsonl")}?`,
    });
    expect(await refusal(at("dada/train.jsonl"))).toMatchObject({
      todo: `did you mean ${at("data")}?`,
    });
    expect(await refusal(at("data/**/*.gz"))).toMatchObject({
      message: `${at("data/**/*.gz")}: no file matches`,
      why: `the folder ${at("data")} contains train.jsonl, valid.jsonl`,
    });
    expect(await refusal(at("empty"))).toMatchObject({
      message: `${at("empty")}: no data files found`,
    });
    for (const spec of [at("data/x.jsonl"), at("data/*.gz"), at("empty")]) {
      expect(await refusal(spec)).toBeInstanceOf(DataError);
    }
    for (const spec of ["", "s3://bucket/a.jsonl", "hf://owner/model"]) {
      expect(await refusal(spec)).toBeInstanceOf(ConfigError);
    }
  });

  test("standard input stays what it is", async () => {
    expect(await find("-")).toEqual(["-"]);
  });
});

describe("on the hub", () => {
  let hub: HubServer;
  beforeEach(async () => {
    hub = await startHub();
    vi.stubEnv("HF_HUB_OFFLINE", "");
    vi.stubEnv("HF_ENDPOINT", hub.address);
    vi.stubEnv("no_proxy", "*");
    const row =
      '{"messages":[{"role":"user","content":"你好"},{"role":"assistant","content":"好"}]}\n';
    hub.add({
      type: "dataset",
      name: "owner/set",
      files: {
        "README.md": "# set",
        "data/train-00000-of-00002.jsonl": row,
        "data/train-00001-of-00002.jsonl": row.repeat(20),
        "data/test-00000-of-00001.jsonl": row,
        "extra/more.csv": "a,b\n",
      },
    });
  });
  afterEach(() => hub.close());
  const names = async (spec: string) =>
    (await resolveSources([spec], { report })).map((file) =>
      file.replace(/.*snapshots\/\w+\//, ""),
    );
  const training = ["data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl"];

  test.each(["owner/set", "datasets/owner/set", "hf://datasets/owner/set", "owner/set@main"])(
    "%s is the training part of the data set, and what is left out is said",
    async (spec) => {
      expect(await names(spec)).toEqual(training);
      expect(said.slice(-2)).toEqual([
        "owner/set: 1 file is left out (not ending in .jsonl); to read them, give the files or their folder",
        "owner/set: 1 file is left out (not part of the training split); to read them, give the files or their folder",
      ]);
    },
  );

  test("files, folders and patterns of it can be named", async () => {
    expect(await names("hf://datasets/owner/set/data/test-00000-of-00001.jsonl")).toEqual([
      "data/test-00000-of-00001.jsonl",
    ]);
    expect(await names("hf://datasets/owner/set/data")).toHaveLength(3);
    expect(await names("datasets/owner/set/**/*.csv")).toEqual(["extra/more.csv"]);
    expect(await names(`${hub.address}/datasets/owner/set/blob/main/extra/more.csv`)).toEqual([
      "extra/more.csv",
    ]);
    await expect(
      names("hf://datasets/owner/set/data/tset-00000-of-00001.jsonl"),
    ).rejects.toMatchObject({
      todo: "did you mean data/test-00000-of-00001.jsonl?",
    });
  });

  test("the card of a data set says which files are for training", async () => {
    const card = (configs: string) => `---\nlicense: mit\nconfigs:\n${configs}---\n# Set\n`;
    const files = { "a/train.jsonl": "{}", "a/test.jsonl": "{}", "b/x.jsonl": "{}", "b/y.csv": "" };
    const publish = (configs: string) => {
      const all = { ...files, "README.md": card(configs) };
      hub.add({ type: "dataset", name: "owner/card", files: all });
    };
    publish("- config_name: default\n  data_files:\n  - split: train\n    path: [b/*.jsonl]\n");
    expect(await names("owner/card")).toEqual(["b/x.jsonl"]);
    publish("- config_name: x\n  data_dir: a\n  data_files: '*.jsonl'\n");
    expect(await names("owner/card")).toEqual(["a/test.jsonl", "a/train.jsonl"]);
    publish("- config_name: 中\n  data_files: a/*\n- config_name: en\n  data_files: b/x.jsonl\n");
    await expect(names("owner/card")).rejects.toMatchObject({
      message: "the data set owner/card has 2 configurations to choose from",
      why: "its card lists 中, en",
      todo: "give the files of one: 'hf://datasets/owner/card/a/*'",
    });
    publish("nonsense: [");
    expect(await names("owner/card")).toEqual(["a/train.jsonl"]);
  });

  test("streams are given by their addresses, without a download", async () => {
    write("d/a.jsonl");
    const files = await resolveStreams(["owner/set", at("d"), "https://x.example/y.jsonl", "-"]);
    expect(files).toEqual([
      expect.stringMatching(/^http.*\/datasets\/owner\/set\/resolve\/\w{40}\/data\/train-00000/),
      expect.stringMatching(/^http.*train-00001-of-00002\.jsonl$/),
      at("d/a.jsonl"),
      "https://x.example/y.jsonl",
      "-",
    ]);
    expect(hub.requests.filter((line) => /resolve.*jsonl/.test(line))).toEqual([]);
    expect(await (await openUrl(files[1]!)).text()).toHaveLength(20 * 81);
    await expect(openUrl(`${hub.address}/datasets/owner/set/resolve/main/none`)).rejects.toThrow(
      DataError,
    );
  });

  test("only the files that are asked for are downloaded", async () => {
    await names("hf://datasets/owner/set/extra/more.csv");
    expect(hub.requests.filter((line) => line.includes("/resolve/"))).toHaveLength(1);
  });

  test("a path here wins, and the hub is not asked", async () => {
    write("owner/set/local.jsonl");
    process.chdir(folder);
    try {
      expect(await find("owner/set")).toEqual(["owner/set/local.jsonl"]);
      expect(await find("owner/set/*.jsonl")).toEqual(["owner/set/local.jsonl"]);
      await expect(find("owner/set/none.jsonl")).rejects.toThrow("no such file");
      await expect(find("data/train.jsonl")).rejects.toThrow("no such file");
      await expect(find("./owner/other")).rejects.toThrow("no such file");
      expect(hub.requests).toEqual([]);
    } finally {
      process.chdir("/");
    }
  });

  test("an unknown data set is refused as data", async () => {
    await expect(find("owner/none")).rejects.toThrow(
      /the data set owner\/none is neither a local path nor on 127/,
    );
    await expect(find("owner/none")).rejects.toThrow(DataError);
  });

  test("conversations are read from there", async () => {
    const source = await openConversations(["owner/set"]);
    expect(source.rows).toBe(21);
    expect((await source.read(20)).messages[0]!.content).toBe("你好");
    await source.close();
  });
});

test("patterns as a shell reads them", () => {
  const match = (pattern: string, path: string) => globToRegExp(pattern).test(path);
  expect(match("a/**/b.txt", "a/b.txt")).toBe(true);
  expect(match("a/**/b.txt", "a/x/y/b.txt")).toBe(true);
  expect(match("a/**/b.txt", "a/.x/b.txt")).toBe(false);
  expect(match("**", "x/y")).toBe(true);
  expect(match("a.jsonl", "axjsonl")).toBe(false);
  expect(match("a*", "a/b")).toBe(false);
  expect(match("*", ".x")).toBe(false);
  expect(match("{a,b{c,d}}x", "bdx")).toBe(true);
  expect(match("{a", "{a")).toBe(true);
  expect(match("[一-龥]*.csv", "数据.csv")).toBe(true);
});
