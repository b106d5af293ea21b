/** G1: a run whose control group has no memory left, since others in it took the rest. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type Fault, type FaultContext, require, trials } from "./fault.js";
import { type Outcome, referenceOf, requireSame, scratch, trainProcess, variants } from "./runs.js";

const flags = () => [...variants.lora!(), "--max_steps=300", "--save_steps=20"];

/** Bytes that the run and its neighbour may have in memory together. */
const LIMIT = 2 ** 30;

/** A hierarchy of control groups, by the file that sets a limit in it. */
const hierarchies = [
  { root: "/sys/fs/cgroup/memory", limitFile: "memory.limit_in_bytes" },
  { root: "/sys/fs/cgroup", limitFile: "memory.max" },
];

/** Makes a control group with the limit; undefined where this is not allowed. */
function makeGroup(): { folder: string; remove: () => void } | undefined {
  for (const { root, limitFile } of hierarchies) {
    const folder = path.join(root, `tunewright-faults-${process.pid}`);
    try {
      fs.mkdirSync(folder);
    } catch {
      continue;
    }
    const remove = () => fs.rmdirSync(folder);
    try {
      fs.writeFileSync(path.join(folder, limitFile), String(LIMIT));
      return { folder, remove };
    } catch {
      remove();
    }
  }
  return undefined;
}

/** Takes memory of its group to the end. */
const neighbour = `
  const taken = [];
  setInterval(() => { for (let i = 0; i < 4; i++) taken.push(Buffer.alloc(8 << 20, 1)); }, 2);
`;

/** Words before a command that put it into a control group, and how willingly the kernel kills it: 0 to 1000. */
const inside = (folder: string, adjustment: number): string[] => [
  "sh",
  "-c",
  `echo $$ > ${path.join(folder, "cgroup.procs")}; echo ${adjustment} > /proc/self/oom_score_adj; exec "$@"`,
  "sh",
];

export const memoryTaken: Fault = {
  id: "G1",
  title: "the memory of a run's control group is taken by a neighbour",
  count: 30,
  missing() {
    const group = makeGroup();
    group?.remove();
    return group ? undefined : "control groups with a memory limit cannot be made here";
  },
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const reference = await referenceOf(flags());
    const ends = { killed: 0, refused: 0 };
    for (let i = 0; i < count; i++) {
      const step = random(300);
      await trial(`from step ${step}`, () => starved(step, random, reference, ends));
    }
    outcome.notes.push(
      `${ends.killed} were killed by the kernel, ${ends.refused} ended by themselves and said why`,
    );
    return outcome;
  },
};

async function starved(
  step: number,
  random: FaultContext["random"],
  reference: Outcome,
  ends: { killed: number; refused: number },
): Promise<void> {
  const directory = scratch("starved");
  let wasKilled = false;
  const group = makeGroup();
  require(group !== undefined, "the control group could not be made");
  try {
    const run = trainProcess(directory, flags(), inside(group.folder, 1000));
    const closed = new Promise<void>((resolve) => {
      let isStarted = false;
      const delay = random(200);
      run.onText((text) => {
        if (isStarted || !text.includes(`\nstep ${step}/`)) return;
        isStarted = true;
        setTimeout(() => {
          const [program, ...words] = inside(group.folder, 0);
          const other = spawn(program!, [...words, process.execPath, "-e", neighbour]);
          void run.ended.then(() => other.kill("SIGKILL"));
          other.on("close", () => resolve());
        }, delay);
      });
      void run.ended.then(() => isStarted || resolve());
    });
    const { code, signal, text } = await run.ended;
    await closed;
    wasKilled = signal === "SIGKILL";
    if (wasKilled) ends.killed += 1;
    else if (code === 1) {
      ends.refused += 1;
      require(/memory/.test(text), `it says nothing of memory: ${text.slice(-500)}`);
    } else require(code === 0, `it ended with ${code ?? signal}: ${text.slice(-500)}`);
  } finally {
    group.remove();
  }
  const resumed = await trainProcess(directory, [...flags(), "--resume"]).ended;
  require(resumed.code === 0, `--resume ended with ${resumed.code}: ${resumed.text}`);
  if (wasKilled) {
    const told = /ended without a word after step \d+.*\. Memory (was|may be) the reason/;
    require(told.test(resumed.text), `--resume tells no reason: ${resumed.text.slice(0, 800)}`);
  }
  requireSame(directory, reference);
  fs.rmSync(directory, { recursive: true });
}
