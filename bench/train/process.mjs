// Runs one side of the benchmark as a process of its own and measures it from outside, the same way for both.
import { spawn } from "node:child_process";
import fs from "node:fs";

const SAMPLE_MS = 100;

/** Resident bytes of a process and of all its descendants at this moment; `RssAnon` leaves mapped files out. */
export function residentBytes(pid, field = "VmRSS") {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
    const own = Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
    const tasks = fs.readdirSync(`/proc/${pid}/task`);
    const children = tasks.flatMap((task) =>
      fs.readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean),
    );
    return children.reduce((sum, child) => sum + residentBytes(child, field), own);
  } catch {
    return 0;
  }
}

/**
 * Runs a program to its end; its stderr is passed on. Returns stdout and the peak of the memory that
 * the whole tree of processes held at once, sampled ten times a second.
 */
export function measure(command, args, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let peak = 0;
    let stdout = "";
    // A signal to the benchmark ends the side that runs; the benchmark then fails through its close.
    const pass = (signal) => child.kill(signal);
    process.on("SIGINT", pass).on("SIGTERM", pass);
    const settle = () => {
      clearInterval(timer);
      process.off("SIGINT", pass).off("SIGTERM", pass);
    };
    const timer = setInterval(() => {
      peak = Math.max(peak, residentBytes(child.pid));
    }, SAMPLE_MS);
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("close", (code, signal) => {
      settle();
      if (code === 0) resolve({ stdout, peakTreeBytes: peak });
      else reject(new Error(`${command} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** The last line of an output that is a JSON object. */
export function lastJson(text) {
  const lines = text.trim().split("\n");
  for (let i = lines.length - 1; i >= 0; i--) {
    if (!lines[i].startsWith("{")) continue;
    try {
      return JSON.parse(lines[i]);
    } catch {
      // A line of something else.
    }
  }
  return JSON.parse(text);
}
