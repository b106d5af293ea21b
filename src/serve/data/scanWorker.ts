/** Scans rows of files, in a worker thread. */
import { statSync } from "node:fs";
import { openRowFile } from "../../data/index.js";
import { isRecord } from "../../util/isRecord.js";

/** Rows `from` to before `to`: those with a text, or all by the value of a key. */
export interface ScanJob {
  path: string;
  from: number;
  to: number;
  find?: string;
  group?: string;
}

export interface ScanResult {
  rows: number[];
  groups: [value: string, rows: number[]][];
}

/** The job function of a thread, which keeps the file of its last job open. */
export function setup(): (job: ScanJob) => Promise<ScanResult> {
  let open: { key: string; file: ReturnType<typeof openRowFile> } | undefined;
  const fileOf = async (path: string) => {
    const { size, mtimeMs, ino } = statSync(path);
    const key = `${path}:${ino}:${size}:${mtimeMs}`;
    if (open?.key !== key) {
      const before = open;
      open = { key, file: openRowFile(path) };
      await before?.file.then((file) => file.close()).catch(() => {});
    }
    return open.file;
  };
  return async ({ path, from, to, find, group }) => {
    const file = await fileOf(path);
    const contains = find === undefined ? undefined : textFinder(find);
    const rows: number[] = [];
    const groups = new Map<string, number[]>();
    for (let row = from; row < Math.min(to, file.rows); row++) {
      const text = await readText(() => file.readBytes(row));
      if (contains?.(text)) rows.push(row);
      if (group === undefined) continue;
      const value = valueAt(text, group);
      const own = groups.get(value) ?? [];
      own.push(row);
      groups.set(value, own);
    }
    return { rows, groups: [...groups] };
  };
}

async function readText(read: () => Promise<Buffer>): Promise<string> {
  try {
    return (await read()).toString("utf8");
  } catch {
    // A row that is too long to be read holds nothing that is found.
    return "";
  }
}

/** Whether a row of JSON contains a text, ignoring case; escapes in it are read. */
function textFinder(find: string): (row: string) => boolean {
  const wanted = JSON.stringify(find).slice(1, -1).toLowerCase();
  return (row) => unescaped(row).toLowerCase().includes(wanted);
}

/** JSON with its characters written as themselves. */
function unescaped(row: string): string {
  if (!/\\[u/]/.test(row)) return row;
  try {
    return JSON.stringify(JSON.parse(row.trim().replace(/,$/, "")));
  } catch {
    return row;
  }
}

function valueAt(row: string, key: string): string {
  try {
    const value: unknown = JSON.parse(row);
    return isRecord(value) && typeof value[key] === "string" ? value[key] : "";
  } catch {
    return "";
  }
}
