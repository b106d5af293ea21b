/** The program from outside: exit codes, help, where output goes. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { commands } from "./commands.js";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const root = path.resolve(path.dirname(main), "../..");
const tsx = pathToFileURL(path.join(root, "node_modules/tsx/dist/esm/index.mjs")).href;

/** Runs the program's sources with arguments. */
function tunewright(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", tsx, main, ...args], {
    encoding: "utf8",
    cwd: root,
  });
  return { code: status, stdout, stderr };
}

describe("the program", () => {
  test("without arguments prints its help, as --help does, and loads no libtorch for it", () => {
    const source = `
      process.argv = [process.argv[0], "tunewright", "--help"];
      await import(${JSON.stringify(pathToFileURL(main).href)});
      const { sharedObjects } = process.report.getReport();
      process.stderr.write(sharedObjects.filter((file) => /torch|c10/.test(file)).join());`;
    const flags = ["--import", tsx, "--input-type=module", "-e", source];
    const help = spawnSync(process.execPath, flags, { encoding: "utf8", cwd: root });
    expect(help.status).toBe(0);
    expect(help.stderr).toBe("");
    for (const name of Object.keys(commands)) expect(help.stdout).toContain(`\n  ${name} `);
    expect(help.stdout).toContain("Example:\n  tunewright demo");
    expect(tunewright()).toEqual({ code: 0, stdout: help.stdout, stderr: "" });
  });

  test.each(Object.keys(commands))("%s --help ends with an example and exits 0", (name) => {
    const { code, stdout, stderr } = tunewright(name, "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [, examples = ""] = stdout.split(/\nExamples?:\n/);
    expect(examples).toMatch(new RegExp(`^ +(\\./)?tunewright ${name}\\b`));
  });

  test("prints its version", () => {
    expect(tunewright("--version")).toMatchObject({ code: 0, stdout: "0.1.0\n" });
  });

  test("exits 2 for an unknown command and suggests the nearest", () => {
    const { code, stdout, stderr } = tunewright("docter");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("unknown command 'docter'");
    expect(stderr).toContain("Did you mean doctor?");
  });

  test("takes what every object has for an unknown command too", () => {
    const { code, stderr } = tunewright("constructor");
    expect(code).toBe(2);
    expect(stderr).toContain("unknown command 'constructor'");
  });

  test("exits 2 for an unknown option", () => {
    const { code, stdout, stderr } = tunewright("doctor", "--jsno");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("unknown option '--jsno'");
    expect(stderr).toContain("to do:");
  });

  test("doctor --json prints one object on stdout", () => {
    const { code, stdout } = tunewright("doctor", "--json", "--no-measure");
    expect(code).toBe(0);
    const diagnosis = JSON.parse(stdout) as Record<string, unknown>;
    expect(diagnosis).toMatchObject({ ok: true, gemm: [], software: { tunewright: "0.1.0" } });
    expect(diagnosis.devices).toContain("cpu");
  });
});
