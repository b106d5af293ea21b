/**
 * Set-up as a whole on a small made-up checkout: this checkout's scripts, npm packages, torch and
 * model (linked, so nothing is downloaded), an addon of a few lines, one TypeScript file and a small page.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Ended, type Running, root, start, temporaryFolder, writeFiles } from "./support.js";

interface Runtime {
  root: string;
  python: string;
  torchVersion: string;
  torchLib: string;
  bitsandbytesCpuLib: string;
  addon: string;
  builtinModel: string;
}

const here = path.join(root, ".tunewright");
const runtimeHere = JSON.parse(readFileSync(path.join(here, "runtime.json"), "utf8")) as Runtime;

const addonSource = `
#include <node_api.h>
#include <c10/core/ScalarType.h>
NAPI_MODULE_INIT() {
  napi_value answer;
  napi_create_int32(env, static_cast<int>(c10::elementSize(c10::kBFloat16)), &answer);
  napi_set_named_property(env, exports, "answer", answer);
  return exports;
}
`;

function checkout(): string {
  const folder = path.join(temporaryFolder(), "checkout");
  for (const name of ["scripts/setup.mjs", "scripts/setup", "native/CMakeLists.txt"]) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  for (const name of [
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
  ]) {
    cpSync(path.join(root, name), path.join(folder, name));
  }
  writeFiles(folder, {
    "native/addon.cpp": addonSource,
    "src/cli/main.ts": "export const word: string = 'ready';\n",
    "web/package.json": JSON.stringify({ name: "page", private: true, type: "module" }),
    "web/vite.config.ts": "export default { base: './' };\n",
    "web/index.html": '<script type="module" src="/src/main.ts"></script>\n',
    "web/src/main.ts": "document.title = 'ready' as string;\n",
  });
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  mkdirSync(path.join(folder, ".tunewright"));
  for (const name of ["models", "bitsandbytes"]) {
    const source = path.join(here, name);
    if (existsSync(source)) symlinkSync(source, path.join(folder, ".tunewright", name));
  }
  return folder;
}

function startSetup(folder: string, env: Record<string, string | undefined> = {}): Running {
  const script = path.join(folder, "scripts/setup.mjs");
  const settings = { TUNEWRIGHT_PYTHON: runtimeHere.python, ...env };
  return start(process.execPath, [script, "--quiet"], { env: settings });
}

function setUp(folder: string, env: Record<string, string | undefined> = {}): Promise<Ended> {
  return startSetup(folder, env).ended;
}

function readRuntime(folder: string): Runtime {
  return JSON.parse(readFileSync(path.join(folder, ".tunewright/runtime.json"), "utf8")) as Runtime;
}

/** A machine on which everything takes minutes, as far as Node's clock tells. */
const slowClock = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent("let now = 0; Date.now = () => (now += 60000);")}`,
};

/** What an addon says when Node loads it. */
async function answerOf(addon: string): Promise<string> {
  const source = `process.stdout.write(String(require(${JSON.stringify(addon)}).answer))`;
  return (await start(process.execPath, ["-e", source]).ended).stdout;
}

describe("set-up", () => {
  test("compiles, builds, writes down what it found, and is silent the second time", async () => {
    const folder = checkout();
    const first = await setUp(folder);
    expect(first).toMatchObject({ code: 0, stdout: "" });
    expect(first.stderr).toContain("compiling the addon");
    const runtime = readRuntime(folder);
    expect(runtime).toMatchObject({
      root: folder,
      torchVersion: runtimeHere.torchVersion,
      torchLib: runtimeHere.torchLib,
      bitsandbytesCpuLib: expect.stringMatching(/libbitsandbytes_cpu\.so$/),
      builtinModel: path.join(folder, ".tunewright/models/smollm2-135m-instruct-q4_1.gguf"),
    });
    expect(await answerOf(runtime.addon)).toBe("2");
    expect(existsSync(path.join(folder, "dist/cli/main.js"))).toBe(true);
    const page = () => readFileSync(path.join(folder, "dist/web/index.html"), "utf8");
    const firstPage = page();
    expect(firstPage).toMatch(/<script type="module".* src="\.\/assets\//);
    const state = path.join(folder, ".tunewright");
    expect(readdirSync(state).filter((name) => name.includes("tmp-"))).toEqual([]);
    expect(readFileSync(path.join(state, "setup.lock"), "utf8")).toBe("");
    expect(await setUp(folder, slowClock)).toEqual({ code: 0, stdout: "", stderr: "" });

    writeFileSync(path.join(folder, "native/addon.cpp"), addonSource.replace("BFloat16", "Float"));
    writeFiles(folder, { "src/cli/other.ts": "export {};\n" });
    expect((await setUp(folder)).code).toBe(0);
    expect(readRuntime(folder).addon).not.toBe(runtime.addon);
    expect(await answerOf(readRuntime(folder).addon)).toBe("4");
    expect(existsSync(path.join(folder, "dist/cli/other.js"))).toBe(true);
    expect(page()).toBe(firstPage);
    writeFiles(folder, { "web/src/main.ts": "document.title = 'other';\n" });
    expect((await setUp(folder)).code).toBe(0);
    expect(page()).not.toBe(firstPage);

    rmSync(path.join(folder, "src/cli/other.ts"));
    writeFileSync(path.join(folder, "native/addon.cpp"), addonSource);
    const back = await setUp(folder);
    expect(back.stderr).not.toContain("compiling");
    expect(readRuntime(folder).addon).toBe(runtime.addon);
    expect(existsSync(path.join(folder, "dist/cli/other.js"))).toBe(false);
  });

  test("started twice at once does the work once", async () => {
    const folder = checkout();
    const both = await Promise.all([setUp(folder), setUp(folder)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const said = both.map(({ stderr }) => stderr).join("");
    expect(said.match(/compiling the addon/g)).toHaveLength(1);
    expect(said.match(/waiting for another set-up/g)).toHaveLength(1);
  });

  test("goes on after an interruption by a signal, and after a kill", async () => {
    const folder = checkout();
    const signalled = startSetup(folder);
    await signalled.says("compiling the addon");
    signalled.kill("SIGTERM");
    const ended = await signalled.ended;
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain("interrupted");

    const killed = startSetup(folder);
    await killed.says("compiling the addon");
    killed.kill("SIGKILL");
    await killed.ended;
    expect((await setUp(folder)).code).toBe(0);
    expect(await answerOf(readRuntime(folder).addon)).toBe("2");
  });

  test("shows the compiler's words when the addon does not compile, and recovers", async () => {
    const folder = checkout();
    writeFileSync(path.join(folder, "native/addon.cpp"), "not C++\n");
    const broken = await setUp(folder);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/addon\.cpp:1:1: error/);
    expect(broken.stderr).toContain("error: compiling the addon failed");
    expect(broken.stderr).toContain("to do: read the lines above");
    expect(existsSync(path.join(folder, ".tunewright/stamp"))).toBe(false);
    writeFileSync(path.join(folder, "native/addon.cpp"), addonSource);
    expect((await setUp(folder)).code).toBe(0);
  });

  test("refuses a TUNEWRIGHT_PYTHON without torch and says what fits", async () => {
    const folder = checkout();
    writeFiles(folder, { "bin/python": "#!/bin/sh\nexit 1\n" }, 0o755);
    const wish = path.join(folder, "bin/python");
    const { code, stderr } = await setUp(folder, { TUNEWRIGHT_PYTHON: wish });
    expect(code).toBe(1);
    expect(stderr).toContain(`TUNEWRIGHT_PYTHON=${wish} cannot be used`);
    expect(stderr).toContain("torch 2.11 to 2.13");
  });

  test("says how it is called", async () => {
    const script = path.join(root, "scripts/setup.mjs");
    const help = await start(process.execPath, [script, "--help"]).ended;
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("Example:");
    const wrong = await start(process.execPath, [script, "--offlin"]).ended;
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toContain("--offlin");
  });
});
