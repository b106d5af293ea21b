/** What cleaning and deduplication took out, and why. */
import { existsSync } from "node:fs";
import { DataError } from "../../util/errors.js";
import { isRecord } from "../../util/isRecord.js";
import { stringifyJson } from "../../util/json/index.js";
import { withoutPaths } from "../http/index.js";
import type { RemovedRows } from "../schema.js";
import type { OpenedFile, OpenFiles } from "./openFiles.js";
import type { Searches } from "./search.js";

/** Which removed rows are asked for. */
export interface RemovedChoice {
  reason: string | undefined;
  offset: number;
  limit: number;
}

/** Characters of a row that are shown. */
const shownCharacters = 4000;

/** @param list file that `data clean` or `data dedup` wrote beside the rows it kept */
export async function removedRows(
  list: string,
  { reason, offset, limit }: RemovedChoice,
  files: OpenFiles,
  searches: Searches,
): Promise<RemovedRows> {
  const total = await files.use(list, async ({ rows }) => rows);
  const groups = await groupsOf(list, total, searches);
  const chosen = reason === undefined ? undefined : groups.find((group) => group.value === reason);
  const all = reason === undefined ? total : (chosen?.rows.length ?? 0);
  const numbers = Array.from({ length: Math.max(0, Math.min(limit, all - offset)) }, (_, i) =>
    chosen ? chosen.rows[offset + i]! : offset + i,
  );
  const rows = await files.use(list, async (file) => {
    const shown: RemovedRows["rows"] = [];
    for (const number of numbers) shown.push(await describeRow(file, number, files));
    return shown;
  });
  return {
    reasons: groups.map((group) => ({ reason: group.value, rows: group.rows.length })),
    total: all,
    rows,
  };
}

/** By operator for cleaning, whose reasons have figures in them; by reason for deduplication. */
async function groupsOf(list: string, rows: number, searches: Searches) {
  const byOperator = await searches.group(list, "operator", rows);
  const isCleaned = byOperator.some(({ value }) => value !== "");
  return isCleaned ? byOperator : joined(await searches.group(list, "reason", rows));
}

/** Groups whose reasons differ only in the place that they begin with, as one. */
function joined(groups: readonly { value: string; rows: readonly number[] }[]) {
  const all = new Map<string, number[]>();
  for (const { value, rows } of groups) {
    const reason = withoutPlace(value);
    all.set(reason, [...(all.get(reason) ?? []), ...rows]);
  }
  return [...all]
    .map(([value, rows]) => ({ value, rows: rows.sort((a, b) => a - b) }))
    .sort((a, b) => b.rows.length - a.rows.length);
}

/** A reason without the `FILE:LINE: ` of errors: the place is told beside it. */
function withoutPlace(reason: string): string {
  return reason.replace(/^.*\.\w+:\d+: /s, "");
}

async function describeRow(
  file: OpenedFile,
  number: number,
  files: OpenFiles,
): Promise<RemovedRows["rows"][number]> {
  const value: unknown = JSON.parse(stringifyJson(await file.readValue(number)));
  const record = isRecord(value) ? value : {};
  const path = String(record.file ?? "");
  const line = Number(record.line ?? 0);
  const { operator, reason, why } = record;
  const about = operator === undefined ? detailOf(record) : String(reason ?? "");
  const detail = [about, why].filter(Boolean).join(": ");
  return {
    line,
    file: path.split("/").at(-1) ?? path,
    reason: withoutPlace(String(operator ?? reason ?? "")),
    detail: detail === "" ? null : withoutPaths(detail),
    text: clip(await textOf(record, path, line, files)),
  };
}

/** Of a duplicate: which row stayed in its place. */
function detailOf({ kept, similarity }: Record<string, unknown>): string {
  if (!isRecord(kept)) return "";
  const place = `${String(kept.file ?? "")
    .split("/")
    .at(-1)}:${kept.line}`;
  return typeof similarity === "number" && similarity < 1
    ? `like ${place}, ${(100 * similarity).toFixed(1)} % the same`
    : `the same as ${place}`;
}

/** The row as the list has it, or as it lies in its file. */
async function textOf(
  record: Record<string, unknown>,
  path: string,
  line: number,
  files: OpenFiles,
): Promise<string> {
  if (record.row !== undefined) return readable(record.row);
  if (typeof record.text === "string") return record.text;
  if (path === "" || line < 1 || !existsSync(path)) return "";
  try {
    return await files
      .use(path, async (source) => {
        const row = rowAt(source, line);
        return row === undefined ? "" : (await source.readBytes(row)).toString("utf8");
      })
      .then(readableText);
  } catch (error) {
    if (error instanceof DataError) return "";
    throw error;
  }
}

/** The row that begins on a line. */
export function rowAt(
  { rows, line }: Pick<OpenedFile, "rows" | "line">,
  wanted: number,
): number | undefined {
  let low = 0;
  let high = rows;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (line(middle) < wanted) low = middle + 1;
    else high = middle;
  }
  return low < rows && line(low) === wanted ? low : undefined;
}

function readableText(text: string): string {
  try {
    return readable(JSON.parse(text.trim().replace(/,$/, "")));
  } catch {
    return text;
  }
}

/** Messages one under the other; another row as JSON. */
function readable(row: unknown): string {
  const messages = isRecord(row) ? (row.messages ?? row.conversations) : undefined;
  if (!Array.isArray(messages)) return JSON.stringify(row);
  return messages
    .map((one) =>
      isRecord(one) ? `${one.role ?? one.from}: ${one.content ?? one.value}` : String(one),
    )
    .join("\n");
}

function clip(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
