/** The user turns of a dialogue that is replayed. */
import { readFileSync } from "node:fs";
import { DataError } from "./errors.js";
import { brokenLink } from "./missingPath.js";

/**
 * Reads user turns from a JSON array of strings, or from a text file with one turn per line.
 *
 * @param file a path, or - for standard input
 * @throws DataError if it cannot be read, or contains something else or no turn at all
 */
export function readScript(file: string): string[] {
  const name = file === "-" ? "standard input" : file;
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new DataError(`${name}: cannot be read`, {
      why: brokenLink(file) ?? (cause instanceof Error ? cause.message : String(cause)),
      todo: "give a JSON array of user turns, or a text file with one turn per line",
      cause,
    });
  }
  const turns =
    file.endsWith(".json") || text.trimStart().startsWith("[")
      ? jsonTurns(text, name)
      : text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (turns.length === 0) throw new DataError(`${name}: contains no user turn`);
  return turns;
}

function jsonTurns(text: string, name: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${name}: is not valid JSON`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: 'write it as ["first question", "second question"]',
      cause,
    });
  }
  const wrong = Array.isArray(value) ? value.findIndex((turn) => typeof turn !== "string") : 0;
  if (!Array.isArray(value) || wrong >= 0) {
    const what = Array.isArray(value) ? `entry ${wrong + 1} is not a string` : "it is not an array";
    throw new DataError(`${name}: expected a JSON array of user turns, but ${what}`, {
      todo: 'write it as ["first question", "second question"]',
    });
  }
  return value;
}
