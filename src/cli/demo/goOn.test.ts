import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chatCommand, describeRunFiles, programName, shellWord } from "./goOn.js";

test.each([
  ["/home/me/tunewright", "/home/me/tunewright", "./tunewright"],
  ["/home/me/tunewright", "/home/me", "tunewright/tunewright"],
  ["/home/me/tunewright", "/srv", "/home/me/tunewright/tunewright"],
])("checkout %s seen from %s is started as %s", (root, from, name) => {
  expect(programName(root, from)).toBe(name);
});

test("commands can be pasted into a shell whatever the path", () => {
  expect(shellWord("output/demo")).toBe("output/demo");
  expect(shellWord("my runs/it's")).toBe("'my runs/it'\\''s'");
  expect(chatCommand("./tunewright", "a b")).toBe("./tunewright chat --model 'a b'");
});

test("lists the files that a run has, with their sizes", () => {
  const run = mkdtempSync(join(tmpdir(), "tunewright-demo-"));
  try {
    writeFileSync(join(run, "events.jsonl"), "x".repeat(1500));
    writeFileSync(join(run, "adapter_model.safetensors"), Buffer.alloc(2_400_000));
    const lines = describeRunFiles(run);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^adapter_model\.safetensors +2 MB {2}\w/);
    expect(lines[1]).toMatch(/^events\.jsonl +2 kB {2}\w/);
  } finally {
    rmSync(run, { recursive: true });
  }
});
