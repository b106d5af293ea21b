/** A2, E3, N1 to N3: the order of syncs, changed settings, no network, a clock that jumps, two trainers. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { readEvents } from "../../src/train/index.js";
import { type Fault, require, requireEqual, trials } from "./fault.js";
import {
  files,
  referenceOf,
  requireSame,
  scratch,
  trainHere,
  trainProcess,
  variants,
  work,
} from "./runs.js";

const flags = () => [...variants.lora!(), "--max_steps=4", "--save_steps=2"];

const needs = (command: string, words: string[]) => () =>
  spawnSync(command, words).status === 0
    ? undefined
    : `${[command, ...words].join(" ")} fails here`;

export const syncOrder: Fault = {
  id: "A2",
  title: "what a save syncs before it renames, seen by strace",
  count: 1,
  missing: needs("strace", ["-o", "/dev/null", "true"]),
  async run() {
    const { outcome, trial } = trials();
    const run = scratch("traced");
    const log = path.join(work, "strace.log");
    await trial("a run", async () => {
      const calls =
        "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,close,link,linkat,mkdir";
      const { code, text } = await trainProcess(run, flags(), [
        "strace",
        "-f",
        "-y",
        "-o",
        log,
        "-e",
        `trace=${calls}`,
      ]).ended;
      require(code === 0, `it ended with ${code}: ${text}`);
      outcome.notes.push(...requireOrder(fs.readFileSync(log, "utf8").split("\n"), run));
    });
    return outcome;
  },
};

/** Throws unless each rename of a manifest or result comes after the syncs of all that it vouches for. */
function requireOrder(lines: readonly string[], run: string): string[] {
  const dirty = new Set<string>();
  const counts = { written: new Set<string>(), syncs: 0, commits: 0 };
  const needsSync = new Map<string, string>();
  for (const line of lines) {
    const written = /\b(?:write|pwrite64)\(\d+<([^>]+)>/.exec(line)?.[1];
    if (written?.startsWith(run) && !written.endsWith(".lock")) {
      dirty.add(written);
      counts.written.add(written);
    }
    const synced = /\b(?:fsync|fdatasync)\(\d+<([^>]+)>/.exec(line)?.[1];
    if (synced?.startsWith(run)) {
      counts.syncs += 1;
      dirty.delete(synced);
      needsSync.delete(synced);
    }
    const renamed =
      /\brename(?:at2?)?\((?:AT_FDCWD[^,]*, )?"([^"]+)", (?:AT_FDCWD[^,]*, )?"([^"]+)"/.exec(line);
    if (!renamed?.[1]?.startsWith(run)) continue;
    const [, from, to] = renamed as unknown as [string, string, string];
    require(!dirty.has(from), `${from} is renamed before it is synced`);
    for (const file of [...dirty]) {
      const isInside =
        file.startsWith(`${from}/`) ||
        (/manifest\.json$/.test(to) && path.dirname(file) === path.dirname(to));
      require(!isInside, `${file} is not synced when ${to} takes its name`);
    }
    if (/checkpoint-\d+$|result\.staged$|manifest\.json$/.test(to)) {
      counts.commits += 1;
      const folder = path.dirname(to);
      needsSync.set(folder, to);
    }
  }
  requireEqual([...needsSync.values()], [], "names whose directory is never synced");
  requireEqual(
    [...dirty].map((file) => path.relative(run, file)),
    [],
    "files that are never synced",
  );
  return [
    `${counts.written.size} files written, ${counts.syncs} syncs, ${counts.commits} names that vouch for others, each after the syncs of what it vouches for; its directory is synced after it`,
  ];
}

/** Single changes between stop and resume, and the key that must be named. */
const changes: readonly [string, RegExp][] = [
  ["--learning_rate=0.02", /learning_rate/],
  ["--per_device_train_batch_size=3", /per_device_train_batch_size|rows|micro/],
  ["--gradient_accumulation_steps=1", /gradient_accumulation_steps/],
  ["--lora_dropout=0.3", /lora_dropout/],
  ["--lora_alpha=64", /lora_alpha/],
  ["--lora_rank=4", /lora_rank/],
  ["--seed=7", /seed/],
  ["--max_seq_length=24", /max_seq_length/],
  ["--weight_decay=0.3", /weight_decay/],
  ["--optim=sgd", /optim/],
  ["--max_steps=5", /max_steps/],
  ["rows", /rows|data|changed/i],
];

export const changedSettings: Fault = {
  id: "E3",
  title: "single changes of configuration or data before resuming",
  count: 0,
  async run() {
    const { outcome, trial } = trials();
    const rows = path.join(work, "changing.jsonl");
    const base = [...flags(), `--train_file=${rows}`];
    for (const [change, expected] of changes) {
      await trial(change, async () => {
        const run = scratch("changed");
        fs.copyFileSync(files.conversations(), rows);
        await trainHere(run, base);
        fs.rmSync(path.join(run, "checkpoint-4"), { recursive: true });
        const key = change.split("=")[0]!;
        const kept = base.filter((flag) => !flag.startsWith(key));
        if (change === "rows") {
          const text = fs.readFileSync(rows, "utf8");
          fs.writeFileSync(rows, text.replace("hi 3", "ho 3").replace("hi 9", "ho 9"));
        }
        const said: string[] = [];
        const more = change === "rows" ? base : [...kept, change];
        const error = await trainHere(run, [...more, "--resume"], {
          say: (line) => said.push(line),
          read: (row) => row.type === "warning" && said.push(row.message),
        }).then(
          () => undefined,
          (reason: Error) => reason,
        );
        const told = [...said, error?.message ?? "", String((error as { why?: string })?.why)];
        require(told.some((line) => expected.test(line)), `told: ${told.join(" | ")}`);
      });
    }
    return outcome;
  },
};

export const noNetwork: Fault = {
  id: "N1",
  title: "training with tracking in a network namespace without a way out",
  count: 1,
  missing: () =>
    needs("unshare", ["-rn", "true"])() ?? needs("strace", ["-o", "/dev/null", "true"])(),
  async run() {
    const { outcome, trial } = trials();
    const run = scratch("alone");
    const log = path.join(work, "connect.log");
    await trial("a run", async () => {
      const more = [...flags(), "--report_to=tensorboard,wandb"];
      const { code, text } = await trainProcess(run, more, [
        "unshare",
        "-rn",
        "strace",
        "-f",
        "-o",
        log,
        "-e",
        "trace=connect,sendto",
      ]).ended;
      require(code === 0, `it ended with ${code}: ${text}`);
      const lines = fs.readFileSync(log, "utf8").split("\n");
      const outside = lines.filter((line) => /AF_INET/.test(line) && !/"(127\.|::1)/.test(line));
      requireEqual(outside, [], "connections");
      const inside = lines.filter((line) => line.includes("connect(")).length;
      outcome.notes.push(`${inside} calls of connect() in all, none outside the machine`);
    });
    return outcome;
  },
};

export const jumpingClock: Fault = {
  id: "N2",
  title: "the clock jumps forward and back, and the time zone changes, while training",
  count: 10,
  short: 1,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const reference = await referenceOf(flags());
    const now = Date.now;
    for (let i = 0; i < count; i++) {
      await trial(`jump ${i}`, async () => {
        const run = scratch("clock");
        let offset = 0;
        const zone = process.env.TZ;
        Date.now = () => now() + offset;
        try {
          await trainHere(run, flags(), {
            read: () => {
              offset = (random(2000) - 1000) * 86_400_000;
              process.env.TZ = random(2) === 0 ? "Asia/Shanghai" : "America/St_Johns";
            },
          });
        } finally {
          Date.now = now;
          if (zone === undefined) delete process.env.TZ;
          else process.env.TZ = zone;
        }
        requireSame(run, reference);
        const rows = readEvents(path.join(run, "events.jsonl"));
        const speeds = rows.flatMap((row) => (row.type === "step" ? [row.tokens_per_second] : []));
        require(speeds.every((speed) => speed > 0 && speed < 1e7), `tokens/s: ${speeds}`);
        const end = rows.find((row) => row.type === "end");
        require(end?.type === "end" &&
          end.train_runtime > 0 &&
          end.train_runtime < 3600, "runtime");
      });
    }
    return outcome;
  },
};

export const twoTrainers: Fault = {
  id: "N3",
  title: "two trainers on one directory",
  count: 20,
  short: 1,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const reference = await referenceOf(flags());
    for (let i = 0; i < count; i++) {
      const row = random(7);
      await trial(`the second comes at row ${row}`, async () => {
        const run = scratch("shared");
        let seen = 0;
        let second: Promise<Error | undefined> | undefined;
        await trainHere(run, flags(), {
          read: () => {
            if (seen++ !== row) return;
            second = trainHere(run, [...flags(), "--resume"]).then(
              () => undefined,
              (error: Error) => error,
            );
          },
        });
        const error = await second;
        require(/Another process is training/.test(error?.message ?? ""), `it says ${error}`);
        requireSame(run, reference);
      });
    }
    return outcome;
  },
};
