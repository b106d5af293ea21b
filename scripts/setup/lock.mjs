// One set-up at a time. The kernel keeps the lock and gives it up when its holder ends in any way, so
// nobody judges whether a lock was left behind (whoever judges can be overtaken between the look and
// the act). Node cannot take such a lock, and nothing is compiled yet that could. But flock(2) locks
// belong to an open file, not to a process: a helper that inherits this process's descriptor takes the
// lock, ends, and leaves it to this process. It holds for all who see the file: other containers on
// this machine that share the checkout, and other machines where the file system has locks (NFS does).
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { which } from "./prerequisites.mjs";
import { SetupError } from "./run.mjs";

/** Programs that lock the file behind descriptor 3, waiting for it; the first that is there is used. */
const HELPERS = [
  ["flock", "-x", "3"],
  ["python3", "-c", "import fcntl; fcntl.flock(3, fcntl.LOCK_EX)"],
];

/** A helper that has not ended by then waits for another set-up. */
const QUICK_MS = 300;

/** Locks the file behind the descriptor for this process; calls `onWait` now and then meanwhile. */
async function lock(descriptor, onWait) {
  const found = HELPERS.find(([name]) => which(name));
  if (!found) {
    throw new SetupError("set-up cannot make sure that it runs alone", {
      why: "there is no program that locks files: flock or python3",
      todo: "install util-linux (flock) with your system's package manager",
    });
  }
  const [command, ...args] = found;
  const helper = spawn(command, args, { stdio: ["ignore", "ignore", "pipe", descriptor] });
  const timer = setInterval(onWait, QUICK_MS);
  let said = "";
  helper.stderr.on("data", (text) => {
    said += text;
  });
  const code = await new Promise((resolve) => {
    helper.on("error", (error) => {
      said += error.message;
      resolve(1);
    });
    helper.on("close", resolve);
  });
  clearInterval(timer);
  if (code === 0) return;
  throw new SetupError("set-up cannot make sure that it runs alone", {
    why: `the checkout's folder .tunewright cannot be locked: ${said.trim() || `${command} ended with ${code}`}`,
    todo: "use a checkout on a local disk, or on a network file system with locks",
  });
}

/** Who holds the lock, as far as the file says it yet. */
function readOwner(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Whether the file at the path is still the one that was opened: somebody may have removed it since. */
function isAt(file, descriptor) {
  const there = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  const here = fs.fstatSync(descriptor, { bigint: true });
  return there?.ino === here.ino && there.dev === here.dev;
}

/**
 * Takes the lock, waiting while another process has it. The file stays for good; what it holds is only
 * for messages.
 *
 * @param file path of the lock
 * @param onWait called once with `{ pid, host }` of the owner when there is somebody to wait for
 * @returns a function that gives the lock back
 */
export async function acquireLock(file, onWait = () => {}) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  const tell = () => {
    const owner = told ? undefined : readOwner(file);
    if (!owner) return;
    told = true;
    onWait(owner);
  };
  for (;;) {
    const descriptor = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o666);
    let kept = false;
    try {
      await lock(descriptor, tell);
      if (!isAt(file, descriptor)) continue;
      fs.ftruncateSync(descriptor);
      fs.writeSync(descriptor, JSON.stringify({ pid: process.pid, host: os.hostname() }), 0);
      kept = true;
    } finally {
      if (!kept) fs.closeSync(descriptor);
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      fs.ftruncateSync(descriptor);
      fs.closeSync(descriptor);
    };
  }
}
