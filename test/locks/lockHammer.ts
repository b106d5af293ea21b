/**
 * Many processes that take one lock again and again, while some of them are killed at any moment. The
 * witness is a journal that every holder writes its turns to: wherever two of them were inside at
 * once, their lines mix.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../engine/random.js";

export interface HammerOptions {
  /**
   * Source of an ES module that exports `take(file)`: it resolves to a function that gives the lock
   * back, or to nothing where the lock is not to be had now.
   */
  taker: string;
  processes: number;
  /** Ends when there were so many kills and whole turns… */
  kills: number;
  turns: number;
  /** …or after so many seconds. */
  seconds: number;
  seed: number;
}

export interface HammerOutcome {
  /** Turns that ended as they should. */
  turns: number;
  kills: number;
  /** Kills that hit a holder. */
  holdersKilled: number;
  /** Where two were inside at once, a process failed or waited for ever. Empty when all is well. */
  faults: string[];
}

/** Between the lines of a turn are pauses, as on a slow disk, so that whoever else is inside writes there. */
const program = `
import { appendFileSync, existsSync } from "node:fs";
const [taker, folder, seed] = process.argv.slice(2);
const { take } = await import(taker);
let state = Number(seed);
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const pause = (most) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, random() * most);
process.stdout.write("ready");
// Whoever runs the tests may be killed: nobody hammers on without it.
const parent = process.ppid;
for (let turn = 0; !existsSync(folder + "/stop") && process.ppid === parent; turn++) {
  const giveBack = await take(folder + "/lock");
  if (giveBack) {
    for (const word of ["enters", "works", "leaves"]) {
      appendFileSync(folder + "/journal", process.pid + ":" + turn + " " + word + "\\n");
      if (word !== "leaves") pause(8);
    }
    await giveBack();
  }
  await new Promise((resolve) => setTimeout(resolve, random() * 4));
}
`;

export async function hammer(options: HammerOptions): Promise<HammerOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "tunewright-hammer-"));
  const random = seededRandom(options.seed);
  const faults: string[] = [];
  const killed = new Set<number>();
  const ready = new Map<number, () => void>();
  const ends = new Map<number, Promise<void>>();
  for (const [name, text] of Object.entries({
    journal: "",
    "program.mjs": program,
    "taker.mjs": options.taker,
  })) {
    writeFileSync(join(folder, name), text);
  }
  const startOne = () => {
    const seed = String(1 + random.below(1e6));
    const args = [join(folder, "program.mjs"), join(folder, "taker.mjs"), folder, seed];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const pid = child.pid as number;
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
    });
    child.stdout.once("data", () => {
      ready.set(pid, () => {
        killed.add(pid);
        ready.delete(pid);
        child.kill("SIGKILL");
      });
    });
    const end = new Promise<void>((resolve) => {
      child.on("close", (code, signal) => {
        ready.delete(pid);
        ends.delete(pid);
        if (code !== 0 && !killed.has(pid)) faults.push(`${pid}: ${code ?? signal} ${said}`);
        resolve();
      });
    });
    ends.set(pid, end);
  };
  const readJournal = () => readFileSync(join(folder, "journal"), "utf8").trim().split("\n");
  for (let i = 0; i < options.processes; i++) startOne();
  const limit = Date.now() + options.seconds * 1000;
  while (Date.now() < limit && faults.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, random.next() * 120));
    const journal = readJournal();
    if (killed.size >= options.kills && count(journal, killed).turns >= options.turns) break;
    // Every other kill is meant for whoever is inside.
    const inside = Number.parseInt(journal.at(-1) as string, 10);
    const anyone = random.pick([...ready.keys()]);
    const victim = ready.get(random.chance(0.5) && ready.has(inside) ? inside : anyone);
    if (!victim || killed.size >= options.kills) continue;
    victim();
    startOne();
  }
  writeFileSync(join(folder, "stop"), "");
  const ended = Promise.all(ends.values()).then(() => true);
  const tooLate = new Promise<false>((resolve) => setTimeout(resolve, 30_000, false).unref());
  if (!(await Promise.race([ended, tooLate]))) {
    faults.push(`${ends.size} processes wait for ever`);
    for (const pid of ends.keys()) process.kill(pid, "SIGKILL");
    await ended;
  }
  const journal = readJournal();
  rmSync(folder, { recursive: true });
  faults.push(...mixedTurns(journal, killed));
  return { kills: killed.size, ...count(journal, killed), faults };
}

const turnOf = (line: string) => line.split(" ")[0] as string;
const processOf = (turn: string) => Number.parseInt(turn, 10);

function count(journal: readonly string[], killed: ReadonlySet<number>) {
  const left = new Set(journal.filter((line) => line.endsWith("leaves")).map(turnOf));
  const open = journal.filter((line) => line.endsWith("enters") && !left.has(turnOf(line)));
  const holdersKilled = open.filter((line) => killed.has(processOf(line))).length;
  return { turns: left.size, holdersKilled };
}

/** Turns that do not stand in one piece, and turns that have no end although nobody killed them. */
function mixedTurns(journal: readonly string[], killed: ReadonlySet<number>): string[] {
  const words = ["enters", "works", "leaves"];
  const faults: string[] = [];
  let at = 0;
  while (at < journal.length) {
    const turn = turnOf(journal[at] as string);
    let length = 0;
    while (length < 3 && journal[at + length] === `${turn} ${words[length]}`) length++;
    if (length === 0) faults.push(`amid another turn: ${journal[at]}`);
    else if (length < 3 && !killed.has(processOf(turn))) faults.push(`cut in two: ${turn}`);
    at += Math.max(length, 1);
  }
  return faults;
}
