/**
 * Thousands of seeded hostile calls, in processes of their own so that a crash is told with its
 * seed: each gives a value or a typed error.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../../test/engine/hostileCalls.ts", import.meta.url));

interface Summary {
  counts: Record<string, number>;
  complaints: string[];
  reached: string[];
  names: number;
}

/** Allocations are limited, so that an absurd size fails as it should instead of filling the machine. */
async function attack(kind: string, seed: number, count: number): Promise<Summary> {
  const limited = 'ulimit -d 8388608; exec "$0" "$@"';
  const command = [process.execPath, "--import", "tsx", program, kind, String(seed), String(count)];
  const child = spawn("sh", ["-c", limited, ...command], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  let output = "";
  let complaints = "";
  child.stdout.on("data", (text) => {
    output = (output + text).slice(-200_000);
  });
  child.stderr.on("data", (text) => {
    complaints = (complaints + text).slice(-2000);
  });
  const [code, signal] = await new Promise<unknown[]>((resolve) => {
    child.on("close", (...end) => resolve(end));
  });
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("summary ")) {
    throw new Error(`ended with ${signal ?? code} in the call ${last} (${kind}):\n${complaints}`);
  }
  return JSON.parse(last.slice("summary ".length));
}

test("operators", async () => {
  const { counts, complaints, reached, names } = await attack("operators", 1, 6000);
  expect(complaints).toEqual([]);
  // Most operators were entered with arguments that they took, and each kind of refusal occurred.
  expect(reached.length).toBeGreaterThan(0.7 * names);
  for (const kind of ["value", "planted", "ArgumentError", "NativeError", "UseAfterFreeError"]) {
    expect(counts[kind], kind).toBeGreaterThan(15);
  }
});

test("functions of the addon", async () => {
  const { counts, complaints } = await attack("native", 1, 3000);
  expect(complaints).toEqual([]);
  expect(counts.value).toBeGreaterThan(300);
  expect(counts.ArgumentError).toBeGreaterThan(300);
});

test("tensors, gradients and quantization from TypeScript", async () => {
  const { counts, complaints } = await attack("public", 1, 2000);
  expect(complaints).toEqual([]);
  expect(counts.value).toBeGreaterThan(200);
  expect(counts.ArgumentError).toBeGreaterThan(200);
});
