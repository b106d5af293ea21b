// Runs the parts of a measurement one after the other inside one limit of time, and keeps a report that
// is whole after every part: whoever stops the run early still has what was measured.
import { spawn } from "node:child_process";
import fs from "node:fs";

/** Writes a report so that readers see the old one or the new one, never half of it. */
export function writeReport(file, report) {
  const temporary = `${file}.tmp-${process.pid}`;
  fs.writeFileSync(temporary, `${JSON.stringify(report, null, 1)}\n`);
  fs.renameSync(temporary, file);
}

/**
 * Runs parts in order. A part that fails or runs out of time does not keep the next from running, unless
 * that one `needs` it.
 *
 * @param parts `{ name, seconds, least, needs?, run(context) }`: it may take `seconds`, is left out where
 *   less than `least` are left, and gives an object for the report; `context.deadline` is when it must have
 *   ended, and `context.note(values)` stores what is known already
 * @param options `{ report, seconds, write, now? }`: the whole may take `seconds` from `report.started_ms`
 */
export async function runParts(parts, { report, seconds, write, now = Date.now }) {
  const end = report.started_ms + seconds * 1000;
  for (const part of parts) {
    const entry = { status: "running", seconds: 0 };
    report.parts[part.name] = entry;
    const left = (end - now()) / 1000;
    const without = (part.needs ?? []).filter((name) => report.parts[name]?.status !== "done");
    if (without.length > 0 || left < part.least) {
      entry.status = "left out";
      entry.why =
        without.length > 0
          ? `it needs ${without.join(", ")}`
          : `${left.toFixed(0)} s are left, and it takes at least ${part.least}`;
      write(report);
      continue;
    }
    const started = now();
    const context = {
      deadline: Math.min(end, started + part.seconds * 1000),
      note(values) {
        Object.assign(entry, values);
        entry.seconds = (now() - started) / 1000;
        write(report);
      },
    };
    write(report);
    try {
      Object.assign(entry, await part.run(context));
      entry.status = "done";
    } catch (error) {
      entry.status = error.timedOut ? "out of time" : "failed";
      entry.why = String(error.message ?? error).slice(-4000);
    }
    entry.seconds = (now() - started) / 1000;
    write(report);
  }
  return report;
}

/** The last line of an output that is a JSON object; `undefined` where there is none. */
export function lastObject(text) {
  for (const line of text.trimEnd().split("\n").reverse()) {
    if (!line.startsWith("{")) continue;
    try {
      return JSON.parse(line);
    } catch {
      // A line of something else.
    }
  }
  return undefined;
}

/**
 * Runs a program until `deadline` (milliseconds since 1970), then ends it and all that it started.
 *
 * @returns `{ code, stdout, stderr, seconds }`
 * @throws Error with `timedOut` where it had to be ended, and Error with the end of its output where it failed
 */
export function runProgram(command, args, { deadline, cwd, env = {}, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const output = { stdout: "", stderr: "" };
    let pending = "";
    let timedOut = false;
    const stop = () => {
      timedOut = true;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended already.
      }
    };
    const timer =
      deadline === undefined ? undefined : setTimeout(stop, Math.max(0, deadline - started));
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8");
      child[name].on("data", (text) => {
        output[name] += text;
        if (name !== "stdout" || !onLine) return;
        pending += text;
        const lines = pending.split("\n");
        pending = lines.pop();
        for (const line of lines) onLine(line);
      });
    }
    const stopped = () => {
      process.off("exit", stop);
      clearTimeout(timer);
    };
    process.on("exit", stop);
    child.on("error", (error) => {
      stopped();
      reject(error);
    });
    child.on("close", (code, signal) => {
      stopped();
      const seconds = (Date.now() - started) / 1000;
      if (code === 0) return resolve({ code, ...output, seconds });
      const tail = `${output.stderr}\n${output.stdout}`.trim().slice(-3000);
      const how = timedOut
        ? `did not end in ${seconds.toFixed(0)} s`
        : `ended with ${signal ?? code}`;
      reject(
        Object.assign(new Error(`${command} ${args.slice(0, 2).join(" ")} ${how}\n${tail}`), {
          timedOut,
        }),
      );
    });
  });
}
