/** One program in one process: what goes in, what comes out, and the end of it. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { EnvironmentError } from "../../util/errors.js";
import type { Interpreter } from "./interpreter.js";
import { loader } from "./loader.js";
import type { ProgramResult, RunOptions, SandboxLevel } from "./types.js";

const TIMEOUT_SECONDS = 3;
const MEMORY_BYTES = 1 << 30;
/** Of one file, and at level `namespaces` of all files together. */
const FILE_BYTES = 16 << 20;
/** For the start of Python on a busy machine, which is no time of the program. */
const START_SECONDS = 30;
/** After its time a program that has stopped its timer is ended, as by the reference. */
const GRACE_SECONDS = 1;
/** Most that is read of what a process says of itself. */
const CHANNEL_BYTES = 1 << 16;

/** Modules that the reference has loaded before it takes things away; only programs that name one wait for it. */
const early = ["numpy", "tempfile"];

export interface Launch {
  interpreter: Interpreter;
  /** File of the compiled judge. */
  judge: string;
  level: SandboxLevel;
}

/** Thrown where a program could not be held, and has not run. */
export class NotHeldError extends EnvironmentError {}

/**
 * Runs a program.
 *
 * @throws NotHeldError where the system refuses what the level needs
 */
export async function launch(
  program: string,
  { interpreter, judge, level }: Launch,
  options: RunOptions,
): Promise<ProgramResult> {
  const { timeoutSeconds = TIMEOUT_SECONDS, memoryBytes = MEMORY_BYTES, signal } = options;
  signal?.throwIfAborted();
  const folder = mkdtempSync(join(tmpdir(), "tunewright-program-"));
  chmodSync(folder, 0o755); // a caller who is root becomes somebody else inside
  const password = randomBytes(24).toString("hex");
  const request = packed([
    level,
    folder,
    interpreter.files.join("\n"),
    password,
    timeoutSeconds,
    START_SECONDS + timeoutSeconds + 2 * GRACE_SECONDS,
    memoryBytes,
    FILE_BYTES,
    program,
  ]);
  try {
    const { file, packages } = interpreter;
    const script = [judge, early.filter((name) => program.includes(name)).join(" "), ...packages];
    const said = await converse(file, script, folder, request, timeoutSeconds, signal);
    signal?.throwIfAborted();
    return resultOf(said, password);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fields as the judge reads them: each its length in four bytes, then its bytes. */
function packed(fields: readonly (string | number)[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(String(field));
      const size = Buffer.alloc(4);
      size.writeUInt32LE(bytes.length);
      return [size, bytes];
    }),
  );
}

interface Said {
  /** What came over the channel; the program may have written to it, too. */
  channel: string;
  /** What Python complained of before it was locked up. */
  complaint: string;
  /** Whether it was ended for taking too long. */
  late: boolean;
}

/** Starts Python, tells it what to run and hears it out. */
function converse(
  python: string,
  scriptArguments: readonly string[],
  folder: string,
  request: Buffer,
  timeoutSeconds: number,
  signal: AbortSignal | undefined,
): Promise<Said> {
  return new Promise((resolve, reject) => {
    // Without site (-S), whose start-up files are code of other packages; strings hash alike in all runs.
    const child = spawn(python, ["-s", "-S", "-B", "-c", loader, ...scriptArguments], {
      cwd: folder,
      env: { PYTHONHASHSEED: "0", PYTHONUTF8: "1", OMP_NUM_THREADS: "1", LANG: "C.UTF-8" },
      stdio: ["pipe", "ignore", "pipe", "pipe"],
      detached: true,
    });
    let late = false;
    const end = () => {
      // Its children end with it: they asked the system for that, and cannot take it back.
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    };
    const endAfter = (seconds: number) =>
      setTimeout(() => {
        late = true;
        end();
      }, seconds * 1000);
    let timer = endAfter(START_SECONDS);
    let isStarted = false;
    const channel = capped(child.stdio[3] as Readable, end, (text) => {
      if (isStarted || !text.includes("started\n")) return;
      isStarted = true;
      clearTimeout(timer);
      timer = endAfter(timeoutSeconds + GRACE_SECONDS);
    });
    const complaint = capped(child.stderr!, end);
    signal?.addEventListener("abort", end, { once: true });
    const stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
    };
    child.once("error", (cause) => {
      stop();
      reject(cause);
    });
    child.once("close", () => {
      stop();
      resolve({ channel: channel(), complaint: complaint(), late });
    });
    child.stdin!.on("error", () => {}); // it ended before it had read all: its other words tell why
    child.stdin!.end(request);
  });
}

/** Collects a stream's text up to {@link CHANNEL_BYTES}. @returns what came so far */
function capped(
  stream: Readable,
  onFull: () => void,
  onText?: (text: string) => void,
): () => string {
  let text = "";
  stream.setEncoding("latin1");
  stream.on("data", (part: string) => {
    text += part.slice(0, CHANNEL_BYTES - text.length);
    onText?.(text);
    if (text.length >= CHANNEL_BYTES) onFull();
  });
  stream.on("error", () => {}); // a closed end is an end
  return () => Buffer.from(text, "latin1").toString("utf8");
}

function resultOf({ channel, complaint, late }: Said, password: string): ProgramResult {
  if (channel.includes(password)) return { passed: true, outcome: "passed", detail: "" };
  const refusal = /^refused (.*)$/m.exec(channel.split("started\n")[0]!);
  if (refusal || !channel.includes("started\n")) {
    const why = refusal?.[1] ?? complaint.trim().split("\n").at(-1);
    throw new NotHeldError("a program cannot be run here without danger", {
      why: why || (late ? "Python did not start in time" : "Python ended before it began"),
    });
  }
  const failed = (outcome: ProgramResult["outcome"], detail: string): ProgramResult => ({
    passed: false,
    outcome,
    detail,
  });
  const told = /^(failed|out of memory|timed out)\n(.*)/ms.exec(channel);
  if (told) return failed(told[1] as ProgramResult["outcome"], told[2]!.trim());
  const signal = /signal (\d+)\n$/.exec(channel)?.[1];
  if (late || signal === "14") return failed("timed out", "");
  if (signal === "24") return failed("timed out", "it used up its processor time");
  return failed("killed", signal ? `by signal ${signal}` : "it left before its end");
}
