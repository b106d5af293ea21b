/** C1 to C3: a disk without room, a disk that fails, a limit on the log alone. */
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { randomNumbers } from "../../src/util/testRandom.js";
import { readTree } from "./crashStates.js";
import {
  type Fault,
  type FaultContext,
  require,
  requireEqual,
  type Trials,
  trials,
} from "./fault.js";
import { type Operation, recordFiles } from "./recordFiles.js";
import {
  outcomeOf,
  referenceOf,
  requireSame,
  scratch,
  trainHere,
  trainProcess,
  variants,
  weightsIn,
  work,
} from "./runs.js";

const flags = () => [...variants.lora!(), "--max_steps=6", "--save_steps=2"];

const isRefusal = (error: unknown): error is Error & { exitCode: number; why: string } =>
  error instanceof Error && "exitCode" in error && "why" in error;

/** Names of a run that a save has left half done. */
const rests = (place: string) =>
  fs.readdirSync(place).filter((name) => /\.(tmp|staged|deleting)$/.test(name));

export const fullDisk: Fault = {
  id: "C1",
  title: "disks of many sizes that get full while saving, with stop and with wait",
  count: 60,
  short: 2,
  missing() {
    const { status } = spawnSync("unshare", ["-Urm", "true"]);
    return status === 0 ? undefined : "unshare -Urm is not allowed here";
  },
  /** Disks of a size can be made in a namespace of one's own; a process of its own lives there. */
  async run({ count, random }) {
    const file = fileURLToPath(import.meta.url);
    const given = [file, String(count), String(random(2 ** 30))];
    const { stdout, stderr, status } = spawnSync(
      "unshare",
      ["-Urm", process.execPath, "--import", "tsx", ...given],
      { encoding: "utf8", env: { ...process.env, OMP_NUM_THREADS: "1" } },
    );
    require(status === 0, `it ended with ${status}: ${stderr}`);
    return JSON.parse(stdout.slice(stdout.lastIndexOf("\n{") + 1)) as Trials;
  },
};

async function inNamespace(count: number, random: FaultContext["random"]): Promise<Trials> {
  const { outcome, trial } = trials();
  const reference = await referenceOf(flags());
  const mount = path.join(work, "disk");
  fs.mkdirSync(mount);
  const saved = scratch("measure");
  await trainHere(saved, flags());
  const size = [...readTree(path.join(saved, "checkpoint-2")).values()].reduce(
    (sum, bytes) => sum + 4096 * Math.ceil((bytes?.length ?? 0) / 4096),
    0,
  );
  const seen = { refused: 0, waited: 0, enough: 0 };
  for (let i = 0; i < count; i++) {
    const factor = 1 + (1.5 * i) / Math.max(1, count - 1);
    const bytes = Math.ceil((size * factor) / 4096) * 4096 + 4096 * random(3);
    const policy = i % 2 === 0 ? "stop" : "wait";
    const resize = (to: string) => execFileSync("mount", ["-o", `remount,size=${to}`, mount]);
    await trial(`${bytes} bytes, ${factor.toFixed(2)} checkpoints, ${policy}`, async () => {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "none", mount]);
      const run = path.join(mount, "run");
      try {
        let isWaiting = false;
        const error = await trainHere(run, [...flags(), `--on_disk_full=${policy}`], {
          read(row) {
            if (row.type !== "warning" || !row.message.includes("waits for room")) return;
            isWaiting = true;
            requireEqual(rests(run), [], "rests while it waits");
            resize("4m");
          },
        }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (isWaiting) seen.waited += 1;
        else if (error === undefined) seen.enough += 1;
        if (error !== undefined) {
          seen.refused += 1;
          await requireToldAndIntact(run, error);
          resize("4m");
          await trainHere(run, [...flags(), "--resume"]);
        }
        requireSame(run, reference);
      } finally {
        execFileSync("umount", [mount]);
      }
    });
  }
  outcome.notes.push(
    `${seen.refused} stopped and went on when there was room, ${seen.waited} waited, ${seen.enough} had room`,
  );
  return outcome;
}

async function requireToldAndIntact(run: string, error: unknown): Promise<void> {
  require(isRefusal(error), `it says ${error}`);
  require(error.exitCode === 1, `exit code ${error.exitCode}`);
  const isTold = /needs .* or more, .* are free|ENOSPC/.test(error.why);
  require(isTold, `why: ${error.why}`);
  requireEqual(rests(run), [], "rests");
  const { resolveResume } = await import("../../src/train/index.js");
  const { warnings } = await resolveResume(run, true);
  const isQuiet = warnings.every((line) => line.includes("no checkpoint yet"));
  require(isQuiet, `warnings: ${warnings}`);
}

const codes = ["EIO", "EDQUOT", "EROFS", "ENOSPC", "short"] as const;

export const failingDisk: Fault = {
  id: "C2",
  title: "EIO, EDQUOT, EROFS, ENOSPC, short writes and EFBIG at any operation of a run",
  count: 40,
  short: 2,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const reference = await referenceOf(flags());
    const counted = scratch("counted");
    const { operations } = await recordFiles(counted, async () => {
      await trainHere(counted, flags());
    });
    for (let i = 0; i < count; i++) {
      const run = scratch("failing");
      if (i % 10 === 9) {
        await trial("EFBIG by prlimit", () => limited(run, 3000 + random(9000)));
        continue;
      }
      const code = codes[i % codes.length]!;
      const at = random(operations.length);
      await trial(`${code} from operation ${at}`, async () => {
        const { error } = await recordFiles(
          run,
          async () => {
            await trainHere(run, flags());
          },
          failing(code, at),
        );
        if (code === "short") require(error === undefined, `a short write ends the run: ${error}`);
        if (error !== undefined) {
          require(isRefusal(error) && error.exitCode === 1, `it says ${error}`);
          await trainHere(run, [...flags(), "--resume"]);
        }
        requireSame(run, reference);
      });
    }
    return outcome;

    async function limited(run: string, bytes: number): Promise<void> {
      const { code, signal, text } = await trainProcess(run, flags(), [
        "prlimit",
        `--fsize=${bytes}`,
      ]).ended;
      const isTold = code === 1 && text.includes("EFBIG");
      require(isTold || code === 0, `it ended with ${code ?? signal}: ${text}`);
      if (code !== 0) await trainHere(run, [...flags(), "--resume"]);
      requireSame(run, reference);
    }
  },
};

/** Lets operations fail from the n-th on, as a disk does; a short write only once. */
function failing(code: (typeof codes)[number], from: number) {
  let done = 0;
  return (operation: Operation): number | undefined => {
    if (done++ < from) return undefined;
    if (code === "short")
      return operation.kind === "write" ? Math.max(1, operation.bytes.length >> 1) : undefined;
    const isRoom = code === "ENOSPC" || code === "EDQUOT";
    const needsRoom = operation.kind === "write" || operation.kind === "create";
    if (isRoom && !needsRoom) return undefined;
    throw Object.assign(new Error(`${code}: injected, ${operation.kind}`), {
      code,
      syscall: operation.kind,
    });
  };
}

export const fullLog: Fault = {
  id: "C3",
  title: "only events.jsonl cannot be written, for a while or to the end",
  count: 10,
  short: 2,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const reference = await referenceOf(flags());
    for (let i = 0; i < count; i++) {
      const run = scratch("log");
      const from = random(8);
      const until = i % 2 === 0 ? from + 1 + random(4) : Number.POSITIVE_INFINITY;
      await trial(`rows ${from} to ${until}`, async () => {
        const said: string[] = [];
        let row = 0;
        const { error } = await recordFiles(
          run,
          async () => {
            await trainHere(run, flags(), { say: (line) => said.push(line) });
          },
          (operation) => {
            if (operation.kind !== "write" || !operation.path.endsWith("events.jsonl"))
              return undefined;
            const at = row++;
            if (at < from || at >= until) return undefined;
            throw Object.assign(new Error("EDQUOT: injected"), {
              code: "EDQUOT",
              syscall: "write",
            });
          },
        );
        require(error === undefined, `it ends the run: ${error}`);
        const told = said.filter((line) => line.includes("cannot be written"));
        require(told.length === 1, `it is told ${told.length} times`);
        requireEqual(weightsIn(run), reference.weights, "weights");
        // What could be written later has no gap; to the end, it only stops.
        const { steps } = outcomeOf(run);
        const expected = i % 2 === 0 ? reference.steps : reference.steps.slice(0, steps.length);
        requireEqual(steps, expected, "losses");
      });
    }
    return outcome;
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , count, seed] = process.argv;
  inNamespace(Number(count), randomNumbers(Number(seed))).then((outcome) => {
    process.stdout.write(`\n${JSON.stringify(outcome)}\n`);
  });
}
