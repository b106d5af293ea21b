/** Holds the sources to the import rule, and the rule's checks to made-up breaches. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { importCycles, importGraph, layerBreaches, mayImport, readSources } from "./layers.js";

const root = fileURLToPath(new URL("../src", import.meta.url));
const sources = readSources(root);
const graph = importGraph(sources);

describe("sources of Tunewright", () => {
  test("every folder has its place in the import order", () => {
    const folders = [...sources.keys()]
      .filter((file) => file.includes("/"))
      .map((file) => file.slice(0, file.indexOf("/")));
    expect([...new Set(folders)].filter((folder) => !(folder in mayImport))).toEqual([]);
  });

  test("imports go one way, and enter folders through their index", () => {
    expect(layerBreaches(graph)).toEqual([]);
  });

  test("no cycle of imports among files, type-only imports included", () => {
    expect(importCycles(graph)).toEqual([]);
  });

  test("relative imports name files that exist, with the .js ending", () => {
    const missing = [...graph].flatMap(([file, targets]) =>
      targets
        .filter((target) => !existsSync(path.join(root, target)))
        .map((target) => `${file} imports ${target}`),
    );
    expect(missing).toEqual([]);
  });

  test("only tensor/native.ts loads the addon", () => {
    const loads =
      /process\.dlopen|tunewright\.node|runtime\.addon\b[^;]*\brequire|\brequire\([^)]*addon/i;
    const byDlopen = [...sources].filter(([, text]) => loads.test(text)).map(([file]) => file);
    expect(byDlopen.filter((file) => file !== "tensor/native.ts")).toEqual([]);
    const importers = [...graph]
      .filter(([, targets]) => targets.includes("tensor/native.ts"))
      .map(([file]) => file);
    expect(importers.filter((file) => !file.startsWith("tensor/"))).toEqual([]);
    expect(sources.get("tensor/native.ts")).toMatch(/createRequire/);
  });
});

describe("the checks themselves", () => {
  const check = (files: Record<string, string>) => importGraph(new Map(Object.entries(files)));

  test("find a type-only import against the order", () => {
    const wrong = check({ "nn/linear.ts": 'import type { Run } from "../train/index.js";' });
    expect(layerBreaches(wrong)).toEqual([
      "nn/linear.ts imports train/index.ts: nn may not use train",
    ]);
  });

  test("find a dynamic import and a re-export past a folder's index", () => {
    const wrong = check({
      "cli/train.ts": 'const f = async () => await import("../train/loop.js");',
      "lora/index.ts": 'export { load } from "../models/load.js";',
    });
    expect(layerBreaches(wrong)).toEqual([
      "cli/train.ts imports train/loop.ts: enter train through train/index.ts",
      "lora/index.ts imports models/load.ts: enter models through models/index.ts",
    ]);
  });

  test("find tensors in text", () => {
    const wrong = check({ "text/labels.ts": 'import { tensor } from "../tensor/index.js";' });
    expect(layerBreaches(wrong)).toHaveLength(1);
  });

  test("find a cycle closed by a type-only import, and none in a diamond", () => {
    const cyclic = check({
      "nn/a.ts": 'import { b } from "./b.js";',
      "nn/b.ts": 'import { c } from "./c.js";',
      "nn/c.ts": 'import type { A } from "./a.js";',
    });
    expect(importCycles(cyclic)).toEqual([["nn/a.ts", "nn/b.ts", "nn/c.ts"]]);
    const diamond = check({
      "nn/a.ts": 'import "./b.js"; import "./c.js";',
      "nn/b.ts": 'import "./d.js";',
      "nn/c.ts": 'import "./d.js";',
      "nn/d.ts": "export {};",
    });
    expect(importCycles(diamond)).toEqual([]);
  });
});
