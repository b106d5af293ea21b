/** Archives are read where they lie; hostile ones are refused. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { isArchive, openArchive } from "./index.js";
import { type TestEntry, tarOf, zipOf } from "./testArchives.js";

const folder = mkdtempSync(join(tmpdir(), "archive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(name: string, bytes: Buffer) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return openArchive(path);
}

const long = `${"deep/".repeat(30)}${"名".repeat(40)}.csv`;

describe("archives", () => {
  test.each([
    ["a.zip", zipOf],
    ["a.tar", tarOf],
  ])("%s: files by path", (name, make) => {
    const archive = open(
      name,
      make([
        { name: "data/", mode: 0o040755, type: "5", method: 0 },
        { name: "data/a.csv", data: "1,2\n" },
        { name: "data/b.csv", data: "长".repeat(1000) },
        { name: "empty.txt" },
      ]),
    );
    expect([...archive.files].sort()).toEqual(["data/a.csv", "data/b.csv", "empty.txt"]);
    expect(archive.read("data/a.csv").toString()).toBe("1,2\n");
    expect(archive.read("data/b.csv").toString()).toBe("长".repeat(1000));
    expect(archive.read("empty.txt").length).toBe(0);
    expect(() => archive.read("data/c.csv")).toThrow("has no data/c.csv");
    expect(isArchive("a.ZIP") && !isArchive("a.csv")).toBe(true);
  });

  test.each(["ustar", "pax", "gnu"])("tar writes it too, as %s", (format) => {
    const path = format === "ustar" ? "data/test/some.csv" : long;
    mkdirSync(join(folder, format, path, ".."), { recursive: true });
    writeFileSync(join(folder, format, path), "x,y\n");
    const tar = join(folder, `${format}.tar`);
    execFileSync("tar", ["-C", join(folder, format), `--format=${format}`, "-cf", tar, "."]);
    const archive = openArchive(tar);
    expect([...archive.files]).toEqual([path]);
    expect(archive.read(path).toString()).toBe("x,y\n");
  });

  test.each<[string, TestEntry]>([
    ["leads out of the archive", { name: "../../etc/cron.d/x" }],
    ["leads out of the archive", { name: "/etc/passwd" }],
    ["leads out of the archive", { name: "data/../../x" }],
    ["leads out of the archive", { name: "..\\x" }],
    ["is a link", { name: "data", mode: 0o120777, type: "2", data: "/etc" }],
    ["is a device", { name: "tty", mode: 0o020666, type: "3" }],
  ])("refuses an entry that %s: %o", (message, entry) => {
    const entries = [{ name: "a.csv", data: "1\n" }, entry];
    expect(() => open("hostile.zip", zipOf(entries))).toThrow(message);
    expect(() => open("hostile.tar", tarOf(entries))).toThrow(message);
  });

  test("refuses a hard link", () => {
    expect(() => open("link.tar", tarOf([{ name: "a", type: "1" }]))).toThrow("is a link");
  });

  test("refuses what claims to be too large, and what holds more than it claims", () => {
    const zeros = Buffer.alloc(1 << 20);
    const big = { name: "big.csv", data: zeros, claimed: 1 << 30 };
    expect(() => open("big.zip", zipOf([big]))).toThrow("more than 256 MiB");
    expect(() => open("big.tar", tarOf([{ ...big, data: "" }]))).toThrow("reaches past its end");
    const archive = open("bomb.zip", zipOf([{ ...big, claimed: 100 }]));
    expect(() => archive.read("big.csv")).toThrow("holds more than it claims");
  });

  test("refuses entries that share bytes or names", () => {
    const overlapping = zipOf([
      { name: "a.csv", data: "1\n" },
      { name: "a.csv2", data: "1\n", at: 0 },
    ]);
    expect(() => open("overlap.zip", overlapping)).toThrow(/overlaps another/);
    const twice = [{ name: "a.csv" }, { name: "a.csv" }];
    expect(() => open("twice.zip", zipOf(twice))).toThrow("is there twice");
    expect(() => open("twice.tar", tarOf(twice))).toThrow("is there twice");
  });

  test("refuses damaged archives", () => {
    const zip = zipOf([{ name: "a.csv", data: "1,2,3\n".repeat(100) }]);
    expect(() => open("cut.zip", zip.subarray(0, -30))).toThrow("has no list of entries");
    const flipped = Buffer.from(zip);
    flipped.writeUInt8(flipped.readUInt8(40) ^ 0xff, 40);
    expect(() => open("flipped.zip", flipped).read("a.csv")).toThrow("is damaged");
    expect(() => open("unknown.zip", zipOf([{ name: "a", method: 99 }])).read("a")).toThrow(
      "packed in a way that is not known",
    );
    const tar = tarOf([{ name: "a.csv", data: "1,2,3\n" }]);
    tar[0] = 0x62;
    expect(() => open("changed.tar", tar)).toThrow("has no entry at byte 0");
    const endless = tarOf([{ name: "pax", type: "x", data: "11 size=-9\n" }, { name: "a" }]);
    expect(() => open("endless.tar", endless)).toThrow("damaged record");
  });
});
