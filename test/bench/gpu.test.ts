/**
 * bench/gpu: parts inside limits of time, what is packed, and the cheap parts of the rehearsal. The whole
 * rehearsal with transformers and PEFT is `bench/gpu/first.sh --rehearse`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const bench = path.join(root, "bench/gpu");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-gpu-test-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Entry {
  status: string;
  seconds: number;
  why?: string;
  [figure: string]: unknown;
}
interface Report {
  started_ms: number;
  parts: Record<string, Entry>;
  [key: string]: unknown;
}
interface Context {
  deadline: number;
  note(values: object): void;
}
interface Part {
  name: string;
  seconds: number;
  least: number;
  needs?: string[];
  run(context: Context): unknown;
}

const { lastObject, runParts, runProgram, writeReport } = (await import(
  path.join(bench, "parts.mjs")
)) as {
  runParts(
    parts: Part[],
    options: { report: Report; seconds: number; write(report: Report): void; now?: () => number },
  ): Promise<Report>;
  runProgram(
    command: string,
    args: string[],
    options: { deadline?: number; onLine?: (line: string) => void },
  ): Promise<{ stdout: string; seconds: number }>;
  lastObject(text: string): unknown;
  writeReport(file: string, report: object): void;
};

/** Parts on a clock that only they move. */
async function runOnClock(parts: (Part & { takes: number })[], seconds: number) {
  let clock = 1_000_000;
  const written: Report[] = [];
  const report: Report = { started_ms: clock, parts: {} };
  const timed = parts.map((part) => ({
    ...part,
    run(context: Context) {
      const end = clock + part.takes * 1000;
      clock = Math.min(end, context.deadline);
      if (end > context.deadline) throw Object.assign(new Error("late"), { timedOut: true });
      return part.run(context);
    },
  }));
  const now = () => clock;
  const write = (state: Report) => written.push(structuredClone(state));
  await runParts(timed, { report, seconds, write, now });
  return { report, written };
}

const part = (name: string, takes: number, more: Partial<Part> = {}) => ({
  name,
  takes,
  seconds: 100,
  least: 1,
  run: () => ({ of: name }),
  ...more,
});

describe("parts", () => {
  test("run in order, and what each gives is in the report", async () => {
    const { report, written } = await runOnClock([part("a", 10), part("b", 5)], 60);
    expect(report.parts).toEqual({
      a: { status: "done", seconds: 10, of: "a" },
      b: { status: "done", seconds: 5, of: "b" },
    });
    // A run that is cut during b has told of a.
    const duringB = written.find((state) => state.parts.b?.status === "running");
    expect(duringB?.parts.a).toEqual(report.parts.a);
  });

  test("that need longer than their own limit or the whole one are ended", async () => {
    const parts = [part("slow", 50, { seconds: 20 }), part("last", 50), part("never", 1)];
    const { report } = await runOnClock(parts, 60);
    expect(Object.values(report.parts).map(({ status, seconds }) => [status, seconds])).toEqual([
      ["out of time", 20],
      ["out of time", 40],
      ["left out", 0],
    ]);
    expect(report.parts.never?.why).toBe("0 s are left, and it takes at least 1");
  });

  test("that fail keep only those from running that need them", async () => {
    const broken = part("build", 1, {
      run: () => {
        throw new Error("no compiler");
      },
    });
    const parts = [broken, part("other", 1), part("after", 1, { needs: ["build"] })];
    const { report } = await runOnClock(parts, 60);
    expect(report.parts.build).toMatchObject({ status: "failed", why: "no compiler" });
    expect(report.parts.other?.status).toBe("done");
    expect(report.parts.after).toMatchObject({ status: "left out", why: "it needs build" });
  });

  test("may note figures before they end", async () => {
    const noting = part("a", 3, {
      run: ({ note }: Context) => {
        note({ first: 1 });
        throw new Error("later");
      },
    });
    const { report, written } = await runOnClock([noting], 60);
    expect(report.parts.a).toMatchObject({ status: "failed", first: 1 });
    expect(written.some(({ parts }) => parts.a?.first === 1 && parts.a.status === "running")).toBe(
      true,
    );
  });

  test("are written whole", () => {
    const file = path.join(work, "report.json");
    writeReport(file, { parts: { a: 1 } });
    writeReport(file, { parts: { a: 2 } });
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ parts: { a: 2 } });
  });
});

describe("programs", () => {
  test("are ended at their deadline with all that they started", async () => {
    const mark = path.join(work, "mark");
    const script = `(sleep 3; echo late > ${mark}) & sleep 30`;
    const running = runProgram("bash", ["-c", script], { deadline: Date.now() + 300 });
    await expect(running).rejects.toMatchObject({ timedOut: true });
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(existsSync(mark)).toBe(false);
  });

  test("that fail show the end of what they said", async () => {
    const running = runProgram("bash", ["-c", "echo said >&2; exit 3"], {});
    await expect(running).rejects.toThrow(/ended with 3\nsaid/);
  });

  test("give lines as they come, and the last object", async () => {
    const lines: string[] = [];
    const script = "echo '{\"a\":1}'; echo text; echo '{\"a\":2}'; echo '{broken'";
    const { stdout } = await runProgram("bash", ["-c", script], {
      onLine: (line) => void lines.push(line),
    });
    expect(lines).toEqual(['{"a":1}', "text", '{"a":2}', "{broken"]);
    expect(lastObject(stdout)).toEqual({ a: 2 });
    expect(lastObject("nothing")).toBeUndefined();
  });
});

describe("what is packed", async () => {
  const { packageClosure, unpackedSpecifiers } = (await import(
    path.join(bench, "packages.mjs")
  )) as {
    packageClosure(lock: Record<string, object>, names: string[]): string[];
    unpackedSpecifiers(entries: string[], known: string[]): string[];
  };

  test("is a package with all that it needs, from where Node finds it", () => {
    const lock = {
      "node_modules/a": { dependencies: { b: "1", c: "1" } },
      "node_modules/a/node_modules/b": { dependencies: { c: "1" } },
      "node_modules/b": {},
      "node_modules/c": { dependencies: { a: "1" } },
    };
    expect(packageClosure(lock, ["a"])).toEqual([
      "node_modules/a",
      "node_modules/a/node_modules/b",
      "node_modules/c",
    ]);
    expect(() => packageClosure(lock, ["d"])).toThrow("package-lock.json has no d");
  });

  test("is checked against what built files import as they load", () => {
    const write = (name: string, text: string) => writeFileSync(path.join(work, name), text);
    write(
      "main.js",
      'import fs from "node:fs";\nimport { z } from "zod/v4";\nimport "./part.js";\n',
    );
    write("part.js", 'export * from "@a/b/c";\nconst later = () => import("huge");\n');
    expect(unpackedSpecifiers([path.join(work, "main.js")], ["zod"])).toEqual(["@a/b"]);
  });

  test("suffices for training, which loads no tables and no languages", () => {
    const entries = ["train/index.js", "cli/main.js", "cli/train.js", "data/index.js"].map((name) =>
      path.join(root, "dist", name),
    );
    const prepared = ["@duckdb/node-api", "eld", "opencc-js"];
    expect(unpackedSpecifiers(entries, []).filter((name) => prepared.includes(name))).toEqual([]);
  });
});

describe("the rehearsal", () => {
  test("checks what the engine computes and measures it, and says so in one file", () => {
    const folder = path.join(work, "out");
    const ended = spawnSync(
      path.join(bench, "first.sh"),
      ["--rehearse", "--parts", "environment,checks,peak", folder],
      { encoding: "utf8", timeout: 110_000 },
    );
    expect(`${ended.status} ${ended.stderr}`).toBe("0 ");
    const report = JSON.parse(readFileSync(path.join(folder, "first.json"), "utf8")) as Report;
    expect(report).toMatchObject({ rehearsal: true, device: "cpu", limit_seconds: 570 });
    const { environment, checks, peak } = report.parts;
    expect([environment, checks, peak].map((entry) => entry?.status)).toEqual(
      Array(3).fill("done"),
    );
    expect(environment).toMatchObject({ node: process.versions.node });
    const results = checks!.checks as Record<string, { ok: boolean; error?: string }>;
    const failed = Object.entries(results).filter(([, { error }]) => error !== undefined);
    expect(failed).toEqual([]);
    // Four-bit products and paged memory are CUDA's alone.
    expect(checks).toMatchObject({ device: "cpu", failed: 0, skipped: 2 });
    expect(checks!.passed).toBeGreaterThan(20);
    expect(peak!.float32).toBeGreaterThan(1e8);
  });

  test("trains by the program's own configuration and tells what a step took", () => {
    const rows = Array.from({ length: 8 }, (_, i) => ({
      messages: [
        { role: "user", content: `Say ${i}` },
        { role: "assistant", content: `It is ${i}.` },
      ],
    }));
    const data = path.join(work, "rows.jsonl");
    writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const spec = path.join(work, "spec.json");
    const config = {
      model_name_or_path: "builtin:smollm2-135m",
      train_file: data,
      output_dir: path.join(work, "run"),
      lora_rank: 4,
      bf16: true,
      use_cpu: true,
      per_device_train_batch_size: 1,
      gradient_accumulation_steps: 1,
      max_steps: 2,
      logging_steps: 1,
      save_strategy: "no",
      report_to: "none",
    };
    writeFileSync(spec, JSON.stringify({ config, warmup: 1, observe: "time" }));
    const ended = spawnSync(process.execPath, [path.join(bench, "trainRun.mjs"), spec], {
      encoding: "utf8",
      timeout: 110_000,
    });
    expect(`${ended.status} ${ended.stderr.includes("Error") ? ended.stderr : ""}`).toBe("0 ");
    const result = lastObject(ended.stdout) as {
      losses: number[];
      steps: number;
      tokens: number;
      operators_per_step: { name: string; calls: number; seconds: number }[];
    };
    expect(result).toMatchObject({ steps: 1, cuda_calls_per_step: null });
    expect(result.losses).toHaveLength(2);
    expect(result.tokens).toBeGreaterThan(10);
    const product = result.operators_per_step.find(({ name }) => name === "aten::mm");
    expect(product?.calls).toBeGreaterThan(100);
    expect(product?.seconds).toBeGreaterThan(0);
  });
});
