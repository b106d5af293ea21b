/** The launcher, on made-up checkouts whose set-up and program only write down how they were called. */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Ended, root, start, temporaryFolder, writeFiles } from "./support.js";

const fakeSetup = `
import fs from "node:fs";
import path from "node:path";
const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "..");
fs.appendFileSync(path.join(root, "setups"), process.argv.slice(2).join(" ") + "\\n");
if (fs.existsSync(path.join(root, "broken"))) process.exit(1);
fs.mkdirSync(path.join(root, ".tunewright"), { recursive: true });
fs.writeFileSync(path.join(root, ".tunewright/stamp"), root + "\\n" + (process.env.TUNEWRIGHT_PYTHON ?? "") + "\\n");
`;
const fakeMain = `
process.stdout.write(JSON.stringify(process.argv.slice(2)));
process.exitCode = Number(process.env.WANTED_CODE ?? 0);
`;

/** A checkout with the real launcher in it. */
function checkout(): string {
  const folder = path.join(temporaryFolder(), "a checkout");
  writeFiles(folder, {
    "package.json": '{ "type": "module" }',
    "package-lock.json": "{}",
    "tsconfig.json": "{}",
    "tsconfig.build.json": "{}",
    "src/index.ts": "",
    "native/addon.cpp": "",
    "scripts/setup.mjs": fakeSetup,
    "dist/cli/main.js": fakeMain,
    "node_modules/.package-lock.json": "{}",
  });
  copyFileSync(path.join(root, "tunewright"), path.join(folder, "tunewright"));
  return folder;
}

function launch(
  folder: string,
  args: readonly string[] = [],
  env: Record<string, string | undefined> = {},
): Promise<Ended> {
  const clean = { TUNEWRIGHT_PYTHON: undefined, ...env };
  return start(path.join(folder, "tunewright"), args, { env: clean }).ended;
}

function setups(folder: string): string[] {
  return readFileSync(path.join(folder, "setups"), "utf8").trim().split("\n");
}

/** Gives a file a time after the stamp's. */
function touch(file: string): void {
  const later = new Date(Date.now() + 5_000);
  utimesSync(file, later, later);
}

describe("the launcher", () => {
  test("sets up on first use and not again", async () => {
    const folder = checkout();
    expect(await launch(folder, ["doctor"])).toMatchObject({ code: 0, stdout: '["doctor"]' });
    await launch(folder, ["doctor"]);
    expect(setups(folder)).toEqual(["--quiet"]);
  });

  test("passes arguments and the exit code on as they are", async () => {
    const folder = checkout();
    const args = ["chat", "--script", "a b", "", "$HOME", "*"];
    const ended = await launch(folder, args, { WANTED_CODE: "3" });
    expect(ended.code).toBe(3);
    expect(JSON.parse(ended.stdout)).toEqual(args);
  });

  test("works through symbolic links and from other folders", async () => {
    const folder = checkout();
    const links = temporaryFolder();
    mkdirSync(path.join(links, "bin"));
    symlinkSync(path.join(folder, "tunewright"), path.join(links, "absolute"));
    symlinkSync("../absolute", path.join(links, "bin/tw"));
    const ended = await start("./tw", ["x"], { cwd: path.join(links, "bin") }).ended;
    expect(ended).toMatchObject({ code: 0, stdout: '["x"]' });
  });

  test.each(["src/index.ts", "native/addon.cpp", "package-lock.json", "scripts/setup.mjs", "src"])(
    "sets up again after a change of %s",
    async (name) => {
      const folder = checkout();
      await launch(folder);
      touch(path.join(folder, name));
      await launch(folder);
      expect(setups(folder)).toHaveLength(2);
    },
  );

  test("sets up again for another TUNEWRIGHT_PYTHON, and not for none or the same", async () => {
    const folder = checkout();
    await launch(folder, [], { TUNEWRIGHT_PYTHON: "/one/python" });
    await launch(folder, [], { TUNEWRIGHT_PYTHON: "/one/python" });
    await launch(folder);
    expect(setups(folder)).toHaveLength(1);
    await launch(folder, [], { TUNEWRIGHT_PYTHON: "/two/python" });
    expect(setups(folder)).toHaveLength(2);
  });

  test("sets up again where the checkout was moved", async () => {
    const folder = checkout();
    await launch(folder);
    const moved = `${folder} moved`;
    renameSync(folder, moved);
    await launch(moved);
    expect(setups(moved)).toHaveLength(2);
  });

  test("does not start the program when set-up fails", async () => {
    const folder = checkout();
    writeFiles(folder, { broken: "" });
    expect(await launch(folder, ["doctor"])).toMatchObject({ code: 1, stdout: "" });
  });

  test("hands `setup` to the set-up script", async () => {
    const folder = checkout();
    await launch(folder, ["setup", "--offline", "wheels"]);
    expect(setups(folder)).toEqual(["--offline wheels"]);
  });

  test("says what to do where Node.js is missing", async () => {
    const bin = temporaryFolder();
    for (const name of ["dirname", "readlink"]) symlinkSync(`/usr/bin/${name}`, `${bin}/${name}`);
    const ended = await launch(checkout(), [], { PATH: bin });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("error: Node.js is not installed");
    expect(ended.stderr).toContain("version 20 or newer");
  });

  test.each(["--no-such-option", "--require=/nowhere/agent.js"])(
    "names NODE_OPTIONS where Node.js does not start with %s",
    async (options) => {
      const folder = checkout();
      const { code, stdout, stderr } = await launch(folder, ["doctor"], { NODE_OPTIONS: options });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain(`error: Node.js does not start with NODE_OPTIONS=${options}`);
      expect(stderr).not.toContain("not installed");
    },
  );

  test("leaves NODE_OPTIONS that work as they are", async () => {
    const ended = await launch(checkout(), ["x"], { NODE_OPTIONS: "--max-old-space-size=512" });
    expect(ended).toMatchObject({ code: 0, stdout: '["x"]' });
  });
});
