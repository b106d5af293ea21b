/** `data dedup` from outside: what it prints, and how it ends. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
const root = path.resolve(path.dirname(main), "../..");
const tsx = pathToFileURL(path.join(root, "node_modules/tsx/dist/esm/index.mjs")).href;
const folder = mkdtempSync(path.join(tmpdir(), "tunewright-cli-dedup-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rows = [
  { conversation: [{ human: "水多少度沸腾？", assistant: "在海平面是一百摄氏度。" }] },
  { conversation: [{ human: "At what heat does water boil?", assistant: "100 °C at sea level." }] },
  { conversation: [{ human: "水多少度沸腾？", assistant: "在海平面是一百摄氏度。" }] },
  { conversation: "broken" },
];
writeFileSync(
  path.join(folder, "rows.jsonl"),
  rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
);

function dedup(...args: string[]) {
  const all = ["--import", tsx, main, "data", "dedup", "rows.jsonl", "--out", "out.jsonl", ...args];
  return spawnSync(process.execPath, all, { encoding: "utf8", cwd: folder });
}

test("prints one object, writes canonical rows, says which row was refused", () => {
  const { status, stdout, stderr } = dedup("--json", "--num_perm", "128");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    rows_in: 4,
    rows_out: 2,
    rows_rejected: 2,
    duplicates: 1,
    rows_refused: 1,
    clusters: 1,
    bands: 14,
    rows_per_band: 9,
  });
  expect(stderr).toContain("rejected: rows.jsonl:4:");
  const [first] = readFileSync(path.join(folder, "out.jsonl"), "utf8").split("\n");
  expect(JSON.parse(first!).messages[0]).toEqual({ role: "user", content: "水多少度沸腾？" });
});

test("in shards, with a warning of a unit that sees no Chinese", () => {
  for (const shard of ["0/2", "1/2"]) {
    const { status, stderr } = dedup("--shard", shard, "--shingle", "ascii");
    expect(status).toBe(0);
    expect(stderr).toContain("--shingle ascii finds no words");
  }
  const { status, stdout } = dedup("--merge", "--keep", "last");
  expect(stdout).toMatch(/^2 of 4 rows written to out\.jsonl\n1 duplicates in 1 clusters/);
  expect(status).toBe(0);
});

test("ends with 2 for flags that do not fit, and 3 for data that is not there", () => {
  expect(dedup("--method", "exact", "--threshold", "0.8").status).toBe(2);
  expect(dedup("--merge").status).toBe(3);
});

test("stops at a cluster that takes a large share of the rows, unless --yes", () => {
  const row = { text: "It is the same text of more than five words in all of these rows." };
  const file = path.join(folder, "same.jsonl");
  writeFileSync(file, `${JSON.stringify(row)}\n`.repeat(30));
  const run = (...args: string[]) => {
    const all = [tsx, main, "data", "dedup", "same.jsonl", "--out", "same.out.jsonl", ...args];
    return spawnSync(process.execPath, ["--import", ...all], { encoding: "utf8", cwd: folder });
  };
  const stopped = run("--json");
  expect(stopped.status).toBe(3);
  expect(JSON.parse(stopped.stdout)).toMatchObject({ written: false, large_clusters: 1 });
  expect(stopped.stderr).toContain(
    "one cluster takes 29 rows, 97% of all rows; nothing was written",
  );
  expect(stopped.stderr).toContain("give --yes");
  expect(existsSync(path.join(folder, "same.out.jsonl"))).toBe(false);
  const accepted = run("--yes");
  expect(accepted.status).toBe(0);
  expect(accepted.stdout).toContain("1 of 30 rows written");
  expect(accepted.stdout).toContain("1 of 11 to 100 rows: 29 removed (97%)");
  expect(accepted.stderr).toMatch(/goes same\.jsonl:30: "It is the same text/);
});
