// Where set-up keeps things, and file helpers that leave no half-written file behind.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's paths, all absolute. */
export function checkoutPaths(root = fileURLToPath(new URL("../..", import.meta.url))) {
  const base = path.resolve(root);
  const state = path.join(base, ".tunewright");
  return {
    root: base,
    state,
    stamp: path.join(state, "stamp"),
    lock: path.join(state, "setup.lock"),
    log: path.join(state, "setup.log"),
    runtime: path.join(state, "runtime.json"),
    models: path.join(state, "models"),
    venv: path.join(base, ".venv"),
  };
}

/** Writes a file under a temporary name and renames it, so that readers see all of it or nothing. */
export function writeFileAtomic(file, content) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.tmp-${process.pid}`;
  fs.writeFileSync(temporary, content);
  fs.renameSync(temporary, file);
}

/** Parsed JSON, or `null` where the file is missing or damaged. */
export function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** All files below `folder` as sorted absolute paths; nothing when the folder is missing. */
export function listFiles(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** SHA-256 (hex) of the files' names and contents and of some more strings. */
export function hashFiles(root, files, ...more) {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`${path.relative(root, file)}\0`);
    hash.update(fs.readFileSync(file));
    hash.update("\0");
  }
  for (const text of more) hash.update(`${text}\0`);
  return hash.digest("hex");
}

/** SHA-256 (hex) of one file, read in pieces. */
export function sha256(file) {
  const hash = createHash("sha256");
  const handle = fs.openSync(file, "r");
  try {
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (let n = fs.readSync(handle, buffer); n > 0; n = fs.readSync(handle, buffer)) {
      hash.update(buffer.subarray(0, n));
    }
  } finally {
    fs.closeSync(handle);
  }
  return hash.digest("hex");
}

/** Removes what an interrupted set-up left in `folder`: names with `.tmp-` in them, after `start`. */
export function removeLeftovers(folder, start = "") {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    if (name.startsWith(start) && name.includes(".tmp-"))
      fs.rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}
