import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../util/packageRoot.js";
import { programName, shellWord } from "../shell.js";
import { chatCommand, describeRunFiles, serveCommand, trainCommand } from "./goOn.js";
import { planDemo } from "./plan.js";

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
  expect(serveCommand("./tunewright", "output/demo")).toBe("./tunewright serve");
  expect(serveCommand("./tunewright", "my runs/1")).toBe("./tunewright serve --runs 'my runs'");
});

test("the train command names what differs from the configuration file, and nothing else", () => {
  const root = packageRoot();
  const full = planDemo("full", root, "output/demo", root);
  const absolute = { ...full, configFile: join(root, full.configFile) };
  const file = shellWord(absolute.configFile);
  expect(trainCommand("./tunewright", absolute)).toBe(`./tunewright train ${file}`);
  const elsewhere = planDemo("full", root, "my runs/1", root);
  expect(trainCommand("./tunewright", { ...elsewhere, configFile: absolute.configFile })).toBe(
    `./tunewright train ${file} --output_dir 'my runs/1'`,
  );
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
