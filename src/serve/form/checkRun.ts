/** `tunewright check` as a process of its own, and its report as the page shows it. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { isConfigKey } from "../../train/config/index.js";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { isRecord } from "../../util/isRecord.js";
import { makeFolders } from "../../util/makeFolders.js";
import { shellWord } from "../../util/shellWord.js";
import { errorsIn, runProgram } from "../program/index.js";
import type { CheckReport } from "../schema.js";
import { withoutPaths } from "../withoutPaths.js";

/** What the report of `check --json` has of interest here. */
interface PrintedReport {
  ok: boolean;
  model: { trained_weights: number };
  notes: string[];
  data: {
    role: string;
    rows: number;
    tokens: number;
    problems: { file: string; line: number; what: string; why?: string; todo?: string }[];
  }[];
  total_steps: number;
  memory: Record<string, unknown> & { total: number; available: number };
  disk: { needed: number; free: number };
  findings: { what: string; why?: string; todo?: string; blocking: boolean }[];
}

/** Parts of the memory that is predicted, in the order in which they are shown. */
const memoryParts = [
  "weights",
  "quantized",
  "trained",
  "gradients",
  "optimizer",
  "prepared",
  "kept",
  "working",
  "runtime",
  "fragmentation",
] as const;

/** What is found out without a check. */
export interface CheckFacts {
  /** Folder of the server's own files. */
  folder: string;
  /** Tokens a second that like runs had, or nothing. */
  speed: number | undefined;
}

/**
 * Finds what would make a run fail, without training.
 *
 * @param config complete, with paths
 */
export async function checkRun(
  config: Readonly<Record<string, unknown>>,
  { folder, speed }: CheckFacts,
  signal: AbortSignal,
): Promise<CheckReport> {
  makeFolders(folder);
  const file = join(folder, `check-${randomBytes(6).toString("hex")}.json`);
  writeFileAtomic(file, JSON.stringify(config), { durable: false });
  try {
    const { stdout, stderr, code } = await runProgram(["check", file, "--json"], signal);
    const command = commandOf(config);
    const printed = readReport(stdout);
    if (printed) return shownReport(printed, config, speed, command);
    const told = errorsIn(stderr.replaceAll(file, "the configuration"));
    const silent = { what: `The check ended with code ${code}`, why: null, todo: null };
    const problems = (told.length > 0 ? told : [silent]).map(shownProblem);
    return { ...nothingKnown, problems, command };
  } finally {
    rmSync(file, { force: true });
  }
}

const nothingKnown = {
  ok: false,
  warnings: [],
  memory: null,
  disk: null,
  steps: null,
  conversations: null,
  tokens: null,
  trainable_parameters: null,
  estimated_seconds: null,
};

function readReport(text: string): PrintedReport | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && Array.isArray(value.findings)
      ? (value as unknown as PrintedReport)
      : undefined;
  } catch {
    return undefined;
  }
}

function shownReport(
  report: PrintedReport,
  config: Readonly<Record<string, unknown>>,
  speed: number | undefined,
  command: string,
): CheckReport {
  const train = report.data.find(({ role }) => role === "train");
  const bad = report.data.flatMap(({ problems }) =>
    problems.map(({ file, line, what, why, todo }) => {
      const begin = `${file}:${line}`;
      return {
        what: what.startsWith(begin) ? what : `${begin}: ${what}`,
        why: why ?? null,
        todo: todo ?? null,
      };
    }),
  );
  const findings = report.findings.map(({ what, why, todo, blocking }) => {
    return { what, why: why ?? null, todo: todo ?? null, blocking };
  });
  const blocking = findings.filter((finding) => finding.blocking);
  const isLenient = config.on_error === "skip";
  const told = findings.filter((finding) => !finding.blocking).map(lineOf);
  const { memory, disk } = report;
  const steps = report.total_steps;
  const tokens = train?.tokens ?? null;
  return {
    ok: report.ok,
    problems: [...(isLenient ? [] : bad), ...blocking].map(shownProblem),
    warnings: [...told, ...(isLenient ? bad.map(lineOf) : []), ...report.notes].map(withoutPaths),
    memory: {
      predicted_bytes: memory.total,
      available_bytes: memory.available,
      parts: memoryParts.flatMap((name) => {
        const bytes = memory[name];
        return typeof bytes === "number" && bytes > 0 ? [{ name, bytes }] : [];
      }),
    },
    disk: { needed_bytes: disk.needed, available_bytes: disk.free },
    steps,
    conversations: train?.rows ?? null,
    tokens,
    trainable_parameters: report.model.trained_weights,
    estimated_seconds: secondsOf(config, tokens, speed),
    command,
  };
}

function secondsOf(
  config: Readonly<Record<string, unknown>>,
  tokens: number | null,
  speed: number | undefined,
): number | null {
  const isCounted = config.max_steps === undefined || Number(config.max_steps) < 0;
  if (!speed || tokens === null || !isCounted) return null;
  return (tokens * Number(config.num_train_epochs ?? 3)) / speed;
}

interface Told {
  what: string;
  why: string | null;
  todo: string | null;
}

function lineOf({ what, why, todo }: Told): string {
  return [why === null ? what : `${what} (${why})`, ...(todo === null ? [] : [todo])].join("; ");
}

function shownProblem({ what, why, todo }: Told): CheckReport["problems"][number] {
  const key = what.match(/[a-z]+(?:_[a-z0-9]+)+|\bbits\b|\boptim\b|\bseed\b/g)?.find(isConfigKey);
  const plain = (text: string | null) => (text === null ? null : withoutPaths(text));
  return { what: withoutPaths(what), why: plain(why), todo: plain(todo), key: key ?? null };
}

/** `./tunewright train --key value …`: the same in a terminal. */
function commandOf(config: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(config).flatMap(([key, value]) => [
    `--${key}`,
    shellWord(wordOf(value)),
  ]);
  return ["./tunewright train", ...words].join(" ");
}

function wordOf(value: unknown): string {
  if (Array.isArray(value) && value.every((one) => typeof one === "string" && !one.includes(","))) {
    return value.join(",");
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
