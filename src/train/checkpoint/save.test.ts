import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EnvironmentError, OutOfMemoryError } from "../../util/errors.js";
import { onceMore } from "../secondTry.js";
import { type CrashingFiles, crashingFiles, type Loss } from "./crashingFiles.js";
import { findLatestCheckpoint } from "./find.js";
import { saveCheckpoint } from "./save.js";

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "tunewright-checkpoint-"));
});
afterEach(() => rmSync(run, { recursive: true }));

const names = () => readdirSync(run).sort();

function writeContent(directory: string, content: string): void {
  writeFileSync(join(directory, "adapter_model.safetensors"), `weights of ${content}`);
  mkdirSync(join(directory, "state"));
  writeFileSync(join(directory, "state", "optimizer.bin"), `optimizer of ${content}`);
}

/** The content of a checkpoint that {@link writeContent} wrote; throws where its files disagree. */
function readContent(directory: string): string {
  const weights = readFileSync(join(directory, "adapter_model.safetensors"), "utf8");
  const state = readFileSync(join(directory, "state", "optimizer.bin"), "utf8");
  const [content, other] = [weights, state].map((text) => text.split(" of ")[1]);
  if (content === undefined || content !== other) throw new Error(`${weights} beside ${state}`);
  return content;
}

const save = (step: number, totalLimit: number | null = null, content = `step ${step}`) =>
  saveCheckpoint(run, step, (directory) => writeContent(directory, content), { totalLimit });

describe("saving", () => {
  it("writes a directory that is found again, and says how large it is", async () => {
    const saved = await save(10);
    expect(saved).toMatchObject({
      path: join(run, "checkpoint-10"),
      step: 10,
      bytes: 38,
      removed: [],
    });
    const { checkpoint, warnings } = await findLatestCheckpoint(run);
    expect(checkpoint).toEqual({ path: saved.path, step: 10, resumable: true });
    expect(warnings).toEqual([]);
    expect(names()).toEqual(["checkpoint-10"]);
  });

  it("that found no memory is told as that, can be done again, and leaves nothing", async () => {
    await save(10);
    const job = (refused: number) => {
      let tries = 0;
      return onceMore("cpu", () =>
        saveCheckpoint(run, 20, (directory) => {
          writeContent(directory, "step 20");
          if (++tries <= refused) throw new OutOfMemoryError("to", "out of memory in to");
        }),
      );
    };
    await expect(job(2)).rejects.toThrow(OutOfMemoryError);
    expect(names()).toEqual(["checkpoint-10"]);
    await job(1);
    expect(readContent(join(run, "checkpoint-20"))).toBe("step 20");
  });

  it("keeps totalLimit checkpoints, by step and not by name", async () => {
    for (const step of [8, 9, 10, 100]) await save(step, 2);
    expect(names()).toEqual(["checkpoint-10", "checkpoint-100"]);
  });

  it("with a limit of 1 keeps the newest", async () => {
    await save(1, 1);
    const { removed } = await save(2, 1);
    expect(removed).toEqual([join(run, "checkpoint-1")]);
    expect(names()).toEqual(["checkpoint-2"]);
  });

  it("replaces a checkpoint of the same step", async () => {
    await save(5, null, "old");
    await save(5, null, "new");
    expect(names()).toEqual(["checkpoint-5"]);
    expect(readContent(join(run, "checkpoint-5"))).toBe("new");
  });

  it("leaves earlier ones alone where writing fails, and says so", async () => {
    await save(1, 1);
    const failing = saveCheckpoint(run, 2, (directory) => {
      writeContent(directory, "half");
      throw new Error("ENOSPC: no space left on device");
    });
    await expect(failing).rejects.toThrow(EnvironmentError);
    await expect(failing).rejects.toMatchObject({ why: /ENOSPC/ });
    expect(names()).toEqual(["checkpoint-1"]);
  });
});

/** Saves through `files`, the checkpoint's own files included; tells whether it came to its end. */
async function saveThrough(files: CrashingFiles, step: number, content: string): Promise<boolean> {
  const write = (directory: string) => {
    files.writeText(join(directory, "adapter_model.safetensors"), `weights of ${content}`);
    files.makeDirectory(join(directory, "state"));
    files.writeText(join(directory, "state", "optimizer.bin"), `optimizer of ${content}`);
  };
  try {
    await saveCheckpoint(run, step, write, { totalLimit: 1, files });
    return true;
  } catch (error) {
    const reason = error instanceof EnvironmentError ? error.why : String(error);
    if (!reason?.includes("crash")) throw error;
    return false;
  }
}

describe.each(["nothing", "half", "all"] as const)(
  "a crash that loses %s of what was not synced",
  (loss: Loss) => {
    it.each([
      ["a later step", 20],
      ["the same step again", 10],
    ])("leaves a good checkpoint at every point of saving %s", async (_, step) => {
      let points = 0;
      const outcomes = new Set<string>();
      for (let finished = false; !finished; points++) {
        rmSync(run, { recursive: true });
        mkdirSync(run);
        await save(10, 1, "before");
        const files = crashingFiles(points);
        finished = await saveThrough(files, step, "after");
        if (!finished) files.lose(loss);
        const { checkpoint } = await findLatestCheckpoint(run);
        const content = readContent(checkpoint!.path);
        expect([points, checkpoint?.step]).toEqual([points, content === "after" ? step : 10]);
        expect(["before", "after"]).toContain(content);
        expect(names().filter((name) => /broken|tmp|deleting/.test(name))).toEqual([]);
        outcomes.add(content);
        await save(30, 1, "onward");
        const after = await findLatestCheckpoint(run);
        expect(readContent(after.checkpoint!.path)).toBe("onward");
        expect(after.warnings).toEqual([]);
      }
      expect(points).toBeGreaterThan(18);
      expect([...outcomes].sort()).toEqual(["after", "before"]);
    });
  },
);

it("the new checkpoint is complete before an old one goes", async () => {
  await save(10, 1, "before");
  for (let points = 0; existsSync(join(run, "checkpoint-10")); points++) {
    await saveThrough(crashingFiles(points), 20, "after");
    if (existsSync(join(run, "checkpoint-10"))) continue;
    expect(readContent(join(run, "checkpoint-20"))).toBe("after");
  }
});
