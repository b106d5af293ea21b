// Step 6: TypeScript to dist/, and the page to dist/web/.
import fs from "node:fs";
import path from "node:path";
import { hashFiles, listFiles, readJson, writeFileAtomic } from "./files.mjs";
import { runOrThrow, say } from "./run.mjs";

/** Hash of all that `dist/` is made from. */
export function sourceHash(root) {
  const typescript = readJson(path.join(root, "node_modules/typescript/package.json"))?.version;
  const settings = ["tsconfig.json", "tsconfig.build.json"].map((name) => path.join(root, name));
  const sources = listFiles(path.join(root, "src")).filter((file) => !file.endsWith(".test.ts"));
  return hashFiles(root, [...settings, ...sources, ...pageSources(root)], typescript ?? "none");
}

function pageSources(root) {
  const web = path.join(root, "web");
  const named = ["index.html", "package.json", "vite.config.ts"].map((name) =>
    path.join(web, name),
  );
  const files = ["src", "public"].flatMap((folder) => listFiles(path.join(web, folder)));
  return [...named, ...files].filter((file) => !file.endsWith(".test.ts"));
}

/**
 * Builds `dist/` where its sources changed. Types are checked by `npm test`, not here. The files are
 * written aside and moved over the old ones at the end, so a failed build leaves those as they were.
 *
 * @param packed a program that was built elsewhere: its folder, and the hash of what it was made from
 */
export async function buildTypeScript(paths, packed) {
  const mark = path.join(paths.state, "dist.sha256");
  const hash = sourceHash(paths.root);
  const dist = path.join(paths.root, "dist");
  const built = fs.existsSync(mark) && fs.readFileSync(mark, "utf8") === hash;
  if (built && fs.existsSync(path.join(dist, "cli/main.js"))) return;
  const next = path.join(dist, `.tmp-${process.pid}`);
  fs.rmSync(next, { recursive: true, force: true });
  if (packed?.hash === hash) fs.cpSync(packed.folder, next, { recursive: true });
  else await compile(paths, next);
  replaceTree(dist, next);
  writeFileAtomic(mark, hash);
}

async function compile(paths, next) {
  say("building …");
  const compiler = path.join(paths.root, "node_modules/typescript/bin/tsc");
  const args = [compiler, "-p", "tsconfig.build.json", "--noCheck", "--outDir", next];
  await runOrThrow("building", process.execPath, args, {
    cwd: paths.root,
    log: paths.log,
    todo: "repair the TypeScript sources named above, then run the same command again",
  });
  await compilePage(paths, path.join(next, "web"));
}

/** The page is built again only where its own sources changed: that takes seconds. */
async function compilePage(paths, next) {
  const mark = path.join(paths.state, "page.sha256");
  const built = path.join(paths.root, "dist/web");
  const vite = readJson(path.join(paths.root, "node_modules/vite/package.json"))?.version;
  const hash = hashFiles(paths.root, pageSources(paths.root), vite ?? "none");
  const isBuilt = fs.existsSync(mark) && fs.readFileSync(mark, "utf8") === hash;
  if (isBuilt && fs.existsSync(path.join(built, "index.html"))) {
    fs.cpSync(built, next, { recursive: true });
    return;
  }
  const program = path.join(paths.root, "node_modules/vite/bin/vite.js");
  const args = [program, "build", "--outDir", next, "--emptyOutDir", "--logLevel", "warn"];
  await runOrThrow("building the page", process.execPath, args, {
    cwd: path.join(paths.root, "web"),
    log: paths.log,
    todo: "repair the sources of the page named above, then run the same command again",
  });
  writeFileAtomic(mark, hash);
}

/** Moves the files of `next` (inside `dist`) over those of `dist` and removes files that have no source any more. */
function replaceTree(dist, next) {
  const fresh = new Set();
  for (const file of listFiles(next)) {
    const target = path.join(dist, path.relative(next, file));
    fresh.add(target);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.renameSync(file, target);
  }
  fs.rmSync(next, { recursive: true, force: true });
  for (const file of listFiles(dist)) if (!fresh.has(file)) fs.rmSync(file, { force: true });
}
