/**
 * Answers of an evaluation that is not finished, one a line after the settings of the evaluation, handed
 * to the operating system at once: whatever ends the process, the next one goes on from there.
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync } from "node:fs";
import { writeAll, writeFileAtomic } from "../../util/atomicFile.js";
import { isRecord } from "../../util/isRecord.js";
import type { AnswerStore } from "../ask.js";
import type { Settings } from "./settings.js";

export interface AnswerFile {
  /** Answers that an earlier process left. */
  readonly kept: number;
  /** Lines that were not whole, and are gone. */
  readonly dropped: number;
  /** The answers of one model. @param identity as of `modelIdentity` */
  storeOf(identity: string): AnswerStore;
  close(): void;
}

interface Line {
  key: string;
  answer: unknown;
}

/** The settings of the evaluation whose answers these are; nothing where the file tells none. */
export function settingsOfAnswers(path: string): Settings | undefined {
  if (!existsSync(path)) return undefined;
  const [first = ""] = readFileSync(path, "utf8").split("\n", 1);
  const value = parseObject(first)?.settings;
  return isRecord(value) ? value : undefined;
}

/**
 * Goes on with a file of answers, or begins one.
 *
 * @param settings those of the file, where there is one
 * @throws what the file system throws; so does `put`, which leaves no half line
 */
export function openAnswerFile(path: string, settings: Settings): AnswerFile {
  if (settingsOfAnswers(path) === undefined) {
    writeFileAtomic(path, `${JSON.stringify({ settings })}\n`);
  }
  const { lines, length, dropped } = readLines(path);
  const answers = new Map(lines.map(({ key, answer }) => [key, answer]));
  const kept = answers.size;
  const descriptor = openSync(path, "a");
  let end = length;
  if (fstatSync(descriptor).size > end) ftruncateSync(descriptor, end);
  const append = (line: Line) => {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      writeAll(descriptor, bytes);
    } catch (error) {
      ftruncateSync(descriptor, end);
      throw error;
    }
    end += bytes.length;
  };
  return {
    kept,
    dropped,
    storeOf: (identity) => ({
      get: (request) => answers.get(keyOf(identity, request)),
      put(request, answer) {
        const key = keyOf(identity, request);
        if (answers.has(key) || !isExact(answer)) return;
        append({ key, answer });
        answers.set(key, answer);
      },
    }),
    close: () => closeSync(descriptor),
  };
}

/** A text for a request to a model, the same for the same one only. */
function keyOf(identity: string, request: object): string {
  const hash = createHash("sha256");
  for (const part of [identity, ...Object.entries(request).sort().flat()]) {
    hash.update(`${JSON.stringify(part)}\n`);
  }
  return hash.digest("base64url");
}

/** Whether JSON can hold it: no number that is not finite, which is asked for again. */
function isExact(answer: unknown): boolean {
  if (typeof answer === "number") return Number.isFinite(answer);
  if (typeof answer !== "object" || answer === null) return true;
  return Object.values(answer).every(isExact);
}

/** The whole lines after the first; `length` in bytes is where they end. */
function readLines(path: string): { lines: Line[]; length: number; dropped: number } {
  const [first = "", ...texts] = readFileSync(path, "utf8").split("\n");
  const torn = texts.pop();
  const lines: Line[] = [];
  let length = Buffer.byteLength(first) + 1;
  for (const text of texts) {
    const { key, answer } = parseObject(text) ?? {};
    if (typeof key !== "string" || answer === undefined) break;
    lines.push({ key, answer });
    length += Buffer.byteLength(text) + 1;
  }
  return { lines, length, dropped: texts.length - lines.length + (torn ? 1 : 0) };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
