/** The import rule of Tunewright's sources: which folder may use which, and how it is entered. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

// The folders that are built on eval may import all that it may.
const evaluation = [
  "util",
  "hub",
  "tensor",
  "format",
  "text",
  "data",
  "nn",
  "models",
  "lora",
  "generate",
];
const train = [...evaluation, "eval"];
const tracking = [...evaluation, "train"];
const serve = [...train, "train", "curate", "tracking"];

/**
 * The folders that each folder may import from. `util` holds leaf helpers without an index and is
 * imported file by file; every other folder, and a folder inside it, is entered through its `index.ts`.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  util: [],
  hub: ["util"],
  tensor: ["util"],
  format: ["util", "hub", "tensor"],
  text: ["util", "hub", "format"],
  data: ["util", "hub", "format", "text"],
  curate: ["util", "hub", "format", "text", "data"],
  nn: ["util", "tensor"],
  models: ["util", "tensor", "format", "text", "nn"],
  lora: ["util", "tensor", "format", "text", "nn", "models"],
  generate: ["util", "hub", "tensor", "format", "text", "nn", "models", "lora"],
  eval: evaluation,
  train,
  tracking,
  serve,
  cli: [...serve, "serve"],
};

/** Sources by path relative to the root of sources, e.g. `tensor/index.ts`. */
export type Sources = ReadonlyMap<string, string>;

/** Reads all TypeScript files below `root` but tests. */
export function readSources(root: string): Sources {
  const sources = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".ts") || entry.endsWith(".test.ts")) continue;
    sources.set(entry.split(path.sep).join("/"), readFileSync(path.join(root, entry), "utf8"));
  }
  return sources;
}

/** Relative imports of every file (type-only, re-exported and dynamic ones too), as paths in `sources`. */
export function importGraph(sources: Sources): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const [file, text] of sources) {
    const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
    const targets = names
      .filter((name) => name.startsWith("."))
      .map((name) => path.posix.join(path.posix.dirname(file), name).replace(/\.js$/, ".ts"));
    graph.set(file, [...new Set(targets)]);
  }
  return graph;
}

/** Breaches of the folder order and of the rule that a folder is entered through its index. */
export function layerBreaches(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const breaches: string[] = [];
  for (const [file, targets] of graph) {
    const from = folderOf(file);
    for (const target of targets) {
      const to = folderOf(target);
      if (from === to) continue;
      const allowed = from === "" ? Object.keys(mayImport) : (mayImport[from] ?? []);
      if (!allowed.includes(to)) {
        breaches.push(`${file} imports ${target}: ${from} may not use ${to || "the root"}`);
      } else if (to !== "util" && !target.endsWith("/index.ts")) {
        breaches.push(`${file} imports ${target}: enter ${to} through ${to}/index.ts`);
      }
    }
  }
  return breaches;
}

function folderOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : "";
}

/** Every cycle of imports once, as the list of its files. */
export function importCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const visit = (file: string): void => {
    state.set(file, "open");
    trail.push(file);
    for (const target of graph.get(file) ?? []) {
      if (state.get(target) === "open") cycles.push(trail.slice(trail.indexOf(target)));
      else if (!state.has(target)) visit(target);
    }
    trail.pop();
    state.set(file, "done");
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file);
  return cycles;
}
