// Step 1: npm packages.
import fs from "node:fs";
import path from "node:path";
import { readJson } from "./files.mjs";
import { which } from "./prerequisites.mjs";
import { capture, runOrThrow, SetupError, say } from "./run.mjs";

/**
 * True where node_modules holds what package-lock.json asks for. npm writes its own record of the
 * tree (`node_modules/.package-lock.json`) last, so an interrupted installation has none.
 */
export function packagesInstalled(root) {
  const wanted = readJson(path.join(root, "package-lock.json"))?.packages ?? {};
  const installed = readJson(path.join(root, "node_modules/.package-lock.json"))?.packages;
  if (!installed) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === "" || entry.optional || entry.link) return true;
    return installed[name]?.version === entry.version;
  });
}

/** Installs the npm packages where they are missing or of other versions. */
export async function installPackages(paths, options) {
  if (packagesInstalled(paths.root)) return;
  if (!which("npm")) {
    throw new SetupError("npm is not installed, or not on PATH", {
      why: "Tunewright's npm packages must be installed once",
      todo: "install npm (it comes with Node.js), then run the same command again",
    });
  }
  say("installing npm packages …");
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const ownCache = path.join(paths.state, "npm.tmp-cache");
  if (options.offline) args.push("--offline", "--cache", path.join(options.offline, "npm"));
  else if (!canWriteCache(paths.root)) args.push("--cache", ownCache);
  // A production setting in the environment would leave out the compiler and the headers.
  await runOrThrow("npm ci", "npm", [...args, "--include=dev"], {
    cwd: paths.root,
    log: paths.log,
    todo: "check the network and npm's settings (`npm config list`), then run the same command again",
  });
  fs.rmSync(ownCache, { recursive: true, force: true });
}

/** Whether npm can keep what it downloads where it would: not in a home folder that is missing or read-only. */
function canWriteCache(cwd) {
  const cache = capture("npm", ["config", "get", "cache"], { cwd })?.trim();
  try {
    fs.mkdirSync(cache, { recursive: true });
    fs.accessSync(cache, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
