// Runs other programs for set-up: output goes to the log, a failure shows its last lines, and an
// interruption ends the child before set-up itself ends.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** A failure with the three lines that the command line prints: what, why, what to do. */
export class SetupError extends Error {
  constructor(what, { why, todo, output } = {}) {
    super(what);
    this.name = "SetupError";
    this.why = why;
    this.todo = todo;
    this.output = output;
  }
}

let spoken = false;

/** Whether set-up has said anything: it does so when something is to do. */
export const hasSpoken = () => spoken;

/** Prints a line of set-up on stderr; stdout belongs to the command that follows. */
export function say(line) {
  spoken = true;
  process.stderr.write(`tunewright: ${line}\n`);
}

/** Start time of a process in clock ticks since boot, or `null` where it does not exist. */
function processStart(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name (field 2) may hold spaces and brackets; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : Number(fields[19]);
  } catch {
    return null;
  }
}

const children = new Set();

/** Ends a child and all that it started; each child leads a process group of its own. */
function killGroup(pid) {
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    // It has ended already.
  }
}

/** Ends the running children and waits for them (at most 10 s); for signal handlers. */
export async function stopChildren() {
  const ended = [...children].map(
    (child) => new Promise((resolve) => child.once("close", resolve)),
  );
  for (const child of children) killGroup(child.pid);
  await Promise.race([Promise.all(ended), new Promise((resolve) => setTimeout(resolve, 10_000))]);
}

/** File that names the child at work, beside the log. */
function childFile(log) {
  return path.join(path.dirname(log), "setup.child");
}

/** Ends the child that a set-up left running when it was killed, so that two never write at once. */
export async function stopOrphan(log) {
  try {
    const { pid, start } = JSON.parse(fs.readFileSync(childFile(log), "utf8"));
    for (let i = 0; i < 100 && processStart(pid) === start; i++) {
      killGroup(pid);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } catch {
    // There is none.
  }
  fs.rmSync(childFile(log), { force: true });
}

/**
 * Runs a program to its end and returns its exit code and output (stdout and stderr together).
 * Output is also added to `log`.
 */
export function run(command, args, { cwd, env, log } = {}) {
  return new Promise((resolve) => {
    const started = Date.now();
    const parts = [];
    if (log) fs.mkdirSync(path.dirname(log), { recursive: true });
    const note = (data) => {
      parts.push(data);
      if (log) fs.appendFileSync(log, data);
    };
    if (log) fs.appendFileSync(log, `\n$ ${command} ${args.join(" ")}\n`);
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    children.add(child);
    if (log && child.pid) {
      const owner = { pid: child.pid, start: processStart(child.pid) };
      fs.writeFileSync(childFile(log), JSON.stringify(owner));
    }
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    const finish = (code, extra = "") => {
      children.delete(child);
      if (log) fs.rmSync(childFile(log), { force: true });
      const output = Buffer.concat(parts).toString("utf8") + extra;
      resolve({ code, output, seconds: (Date.now() - started) / 1000 });
    };
    child.on("error", (error) => finish(127, String(error.message)));
    child.on("close", (code, signal) => finish(code ?? 1, signal ? `ended by ${signal}` : ""));
  });
}

/** Like {@link run}, but throws a {@link SetupError} when the program fails. */
export async function runOrThrow(what, command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    const tail = result.output.trimEnd().split("\n").slice(-20).join("\n");
    throw new SetupError(`${what} failed`, {
      why: `\`${path.basename(command)} ${args.slice(0, 3).join(" ")} …\` ended with exit code ${result.code}`,
      todo: options.todo ?? `read the lines above (all of them: ${options.log})`,
      output: tail,
    });
  }
  return result;
}

/** Output of a short program, or `null` where it is missing or fails. */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", timeout: 120_000, ...options });
  return result.status === 0 ? result.stdout : null;
}
