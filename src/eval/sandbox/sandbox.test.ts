import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { hasShared, sharedPath } from "../../../test/sharedData.js";
import { EnvironmentError } from "../../util/errors.js";
import { openSandbox } from "./open.js";
import { sandboxes } from "./testSandbox.js";

const held = await sandboxes();

describe("where programs cannot be held", () => {
  it("none is run", async () => {
    await expect(openSandbox({ levels: [] })).rejects.toThrow(EnvironmentError);
    if (held.length === 0) await expect(openSandbox()).rejects.toThrow(EnvironmentError);
  });

  it("an interpreter that is not there is named", async () => {
    await expect(openSandbox({ python: "/nowhere/python" })).rejects.toThrow(
      "/nowhere/python does not run",
    );
  });
});

describe.each(held)("$description", (sandbox) => {
  const outcome = async (program: string, timeoutSeconds?: number) =>
    (await sandbox.run(program, { timeoutSeconds })).outcome;

  it.each([
    ["its end", "x = 1\nassert x == 1"],
    ["nothing to do", ""],
    ["printing", "print('passed', flush=True)\nimport sys\nsys.stderr.write('é\\udc80')"],
    ["no main module", "if __name__ == '__main__':\n    raise ValueError"],
    ["threads", "from threading import Thread\nt = Thread(target=print)\nt.start()\nt.join()"],
    ["an event loop", "import asyncio\nassert asyncio.run(asyncio.sleep(0, 7)) == 7"],
    [
      "usual modules",
      "import math, re, typing, collections, itertools, hashlib, random, heapq, json",
    ],
    ["deep recursion", "def f(n): return n and f(n - 1)\nassert f(900) == 0"],
    ["text of all kinds", "assert len('𝄞中é') == 3"],
    ["its own folder, which is empty", "import os\nassert os.listdir('.') == []"],
    ["a name for a temporary file", "import tempfile\nassert tempfile.gettempdir()"],
    ["a caught exception", "try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass"],
  ])("passes %s", async (_, program) => {
    expect(await sandbox.run(program)).toEqual({ passed: true, outcome: "passed", detail: "" });
  });

  // Also in the reference these are None or missing, an exit is an exception, and input has no end.
  it.each([
    ["a failed assertion", "assert False, 'so it is'", "AssertionError: so it is"],
    ["a syntax error", "def f(:", /^SyntaxError/],
    ["an exit", "import sys\nsys.exit(0)", "SystemExit: 0"],
    ["an exit by name", "exit(0)", "TypeError: 'NoneType' object is not callable"],
    ["an interrupt", "raise KeyboardInterrupt", "KeyboardInterrupt"],
    ["input", "input()", /^OSError/],
    ["a module of the system", "import resource", /^ModuleNotFoundError/],
    ["its folder's name", "import os\nos.getcwd()", "TypeError: 'NoneType' object is not callable"],
    ["a zero byte", "x = 1\n\0assert False", /null bytes/],
    ["printing a number as text", "import sys\nsys.stdout.write(1)", /^TypeError/],
  ])("fails %s", async (_, program, detail) => {
    const result = await sandbox.run(program);
    expect(result).toMatchObject({ passed: false, outcome: "failed" });
    expect(result.detail).toMatch(detail);
  });

  it("ends what takes too long, and what needs too much memory", async () => {
    expect(await outcome("while True: pass", 0.5)).toBe("timed out");
    expect(await outcome("import time\ntime.sleep(60)", 0.5)).toBe("timed out");
    expect(await outcome("x = [0] * 10**10")).toBe("out of memory");
  });

  it.runIf(sandbox.level === "namespaces")(
    "lets programs write, each in its own folder",
    async () => {
      const program = "open('x', 'x').write('y')\nassert open('x').read() == 'y'";
      expect(await outcome(program)).toBe("passed");
      expect(await outcome(program)).toBe("passed");
      expect(await outcome("import tempfile\ntempfile.TemporaryFile().write(b'x')")).toBe("passed");
    },
  );

  it("runs many programs at once, each apart", async () => {
    const program = (i: number) => `x = ${i}\nassert x % 3 != 0`;
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => sandbox.run(program(i))),
    );
    expect(results.map(({ passed }) => passed)).toEqual(results.map((_, i) => i % 3 !== 0));
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    const running = sandbox.run("while True: pass", { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(running).rejects.toThrow();
  });

  const humaneval = "benchmarks/humaneval/HumanEval.jsonl.gz";
  it.runIf(hasShared(humaneval))(
    "passes all solutions of HumanEval, and no empty ones",
    async () => {
      interface Problem {
        prompt: string;
        canonical_solution: string;
        test: string;
        entry_point: string;
      }
      const lines = gunzipSync(readFileSync(sharedPath(humaneval)))
        .toString()
        .trim()
        .split("\n");
      const problems = lines.map((line): Problem => JSON.parse(line));
      const run = ({ prompt, test, entry_point }: Problem, solution: string) =>
        sandbox.run(`${prompt}${solution}\n${test}\ncheck(${entry_point})`);
      const right = await Promise.all(problems.map((one) => run(one, one.canonical_solution)));
      expect(right.filter(({ passed }) => !passed)).toEqual([]);
      const wrong = await Promise.all(problems.map((one) => run(one, "    pass\n")));
      expect(wrong.filter(({ passed }) => passed)).toEqual([]);
    },
  );
});
