/** What set-up says on machines that lack something, played with a PATH of stand-ins. */
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadScript, scriptUrl, startNode, temporaryFolder, writeFiles } from "./support.js";

const goodPython = "#!/bin/sh\necho 3.11\necho /usr/bin/python3.11\necho 1\n";
const compiler = "#!/bin/sh\ncat >/dev/null 2>&1 </dev/null\necho 'g++ 12.2.0'\n";
const works = "#!/bin/sh\nexit 0\n";

/** Programs of a complete machine. */
const complete: Record<string, string> = {
  python3: goodPython,
  "g++": compiler,
  cmake: "#!/bin/sh\necho 'cmake version 3.25.1'\n",
  make: works,
  "apt-get": works,
};

/** What `checkPrerequisites` says on a machine whose PATH holds these programs only. */
async function check(programs: Record<string, string>): Promise<Record<string, string>> {
  const folder = path.join(temporaryFolder(), "bin");
  mkdirSync(folder);
  writeFiles(folder, programs, 0o755);
  symlinkSync("/bin/cat", path.join(folder, "cat"));
  const source = `
    import { checkPrerequisites } from ${scriptUrl("prerequisites")};
    try {
      checkPrerequisites({ python: true, compiler: true });
      console.log("{}");
    } catch (error) {
      console.log(JSON.stringify({ what: error.message, why: error.why, todo: error.todo }));
    }`;
  const { stdout, stderr } = await startNode(source, [], { PATH: folder, CXX: undefined }).ended;
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Record<string, string>;
}

/** The complete machine without some programs, or with others in their place. */
function machine(change: Record<string, string | null>): Record<string, string> {
  const programs: Record<string, string> = { ...complete };
  for (const [name, text] of Object.entries(change)) {
    if (text === null) delete programs[name];
    else programs[name] = text;
  }
  return programs;
}

describe("prerequisites", () => {
  test("a complete machine passes", async () => {
    expect(await check(complete)).toEqual({});
  });

  test("all that is missing is named at once, with one command that installs it", async () => {
    const { what, why, todo } = await check({ "apt-get": works });
    expect(what).toContain("Python 3.10 or newer with venv (found none)");
    expect(what).toContain("C++20 compiler");
    expect(what).toContain("CMake 3.18 or newer");
    expect(what).toContain("make or ninja");
    expect(why).toContain("libtorch");
    expect(todo).toContain("apt-get install -y python3 python3-venv g++ cmake make");
  });

  test("a Python without venv asks for python3-venv alone", async () => {
    const python3 = "#!/bin/sh\necho 3.11\necho /usr/bin/python3.11\necho 0\n";
    const { what, todo } = await check(machine({ python3 }));
    expect(what).toBe("set-up needs Python's venv module (of /usr/bin/python3.11)");
    expect(todo).toMatch(/apt-get install -y python3-venv`/);
  });

  test("a Python that is too old is named with its version", async () => {
    const python3 = "#!/bin/sh\necho 3.9\necho /usr/bin/python3.9\necho 1\n";
    expect((await check(machine({ python3 }))).what).toContain("(found 3.9)");
  });

  test("a newer Python beside an old one is enough", async () => {
    const python3 = "#!/bin/sh\necho 3.9\necho /usr/bin/python3.9\necho 1\n";
    expect(await check(machine({ python3, "python3.12": goodPython }))).toEqual({});
  });

  test("a compiler that cannot do C++20 counts as none", async () => {
    const old = '#!/bin/sh\ncase "$1" in --version) echo "g++ 7.5" ;; *) exit 1 ;; esac\n';
    const { what, todo } = await check(machine({ "g++": old }));
    expect(what).toMatch(/^set-up needs a C\+\+20 compiler/);
    expect(todo).toMatch(/apt-get install -y g\+\+`/);
  });

  test("a CMake that is too old counts as none; ninja does for make", async () => {
    const cmake = "#!/bin/sh\necho 'cmake version 3.13.4'\n";
    const { what } = await check(machine({ cmake, make: null, ninja: works }));
    expect(what).toBe("set-up needs CMake 3.18 or newer");
  });

  test("without apt-get the packages are named", async () => {
    const { todo } = await check(machine({ "apt-get": null, "g++": null }));
    expect(todo).toContain("install g++ with your system's package manager");
  });
});

describe("versions", () => {
  test("are compared as numbers", async () => {
    const { atLeast } = await loadScript<{
      atLeast(version: string, least: string): boolean;
    }>("prerequisites");
    expect(atLeast("3.9", "3.10")).toBe(false);
    expect(atLeast("3.10", "3.10")).toBe(true);
    expect(atLeast("20.0.0", "20")).toBe(true);
    expect(atLeast("2.13.0+cpu", "2.14")).toBe(false);
  });
});
