/** Reads a configuration file (JSON or YAML) into plain values and the line that each key is on. */
import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { ConfigError } from "../../util/errors.js";

/** Top-level keys of a configuration file. */
export interface ConfigSource {
  readonly entries: ReadonlyArray<{ key: string; value: unknown; line: number | undefined }>;
}

/**
 * @throws {ConfigError} where the file cannot be read, is not JSON or YAML, is not an object, or
 * says a key twice; names file and line.
 */
export function readConfigFile(file: string): ConfigSource {
  const text = readText(file);
  const isJson = extname(file) === ".json" || /^\s*\{/.test(text);
  if (isJson) checkJson(file, text);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const problem = document.errors[0];
  if (problem) {
    const { line } = lines.linePos(problem.pos[0]);
    throw new ConfigError(`${file}:${line} is not valid ${isJson ? "JSON" : "YAML"}`, {
      why: problem.message,
      todo: "Correct this line and start again.",
    });
  }
  const { contents } = document;
  if (!isMap(contents)) {
    throw new ConfigError(`${file} is not a configuration`, {
      why: "It must hold one object of keys and values.",
      todo: `See examples/ for a configuration, or ./tunewright train --help.`,
    });
  }
  const values = document.toJS() as Record<string, unknown>;
  const lineOf = new Map<string, number>();
  for (const { key } of contents.items) {
    if (isScalar(key) && key.range) lineOf.set(String(key.value), lines.linePos(key.range[0]).line);
  }
  const entries = Object.entries(values).map(([key, value]) => ({
    key,
    value,
    line: lineOf.get(key),
  }));
  return { entries };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new ConfigError(`Cannot read the configuration file ${file}`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "Give the path of a JSON or YAML file.",
      cause,
    });
  }
}

/** YAML accepts more than JSON does (trailing commas, comments), which other readers would not. */
function checkJson(file: string, text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const position = /position (\d+)/.exec(why)?.[1];
    const end = position === undefined ? text.trimEnd().length : Number(position);
    const line = text.slice(0, end).split("\n").length;
    throw new ConfigError(`${file}:${line} is not valid JSON`, {
      why,
      todo: `Correct line ${line} of ${basename(file)} and start again.`,
      cause,
    });
  }
}
