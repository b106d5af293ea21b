/** Data as the libraries of Python name them: on the hub, with a configuration and a split. */
import { existsSync } from "node:fs";

/** A source of `train_file`, as the schema reads it. */
export interface Source {
  path: string | string[];
  format?: string;
  limit?: number;
  sample?: "random" | "first";
  weight?: number;
  columns?: Record<string, string>;
  message_keys?: Record<string, string>;
  roles?: Record<string, string>;
}

export interface HubData {
  /** `OWNER/NAME`, or a local file or folder. */
  readonly name: string;
  /** Configuration of the data set. */
  readonly subset?: string | undefined;
  /** Default `train`. */
  readonly split?: string | undefined;
  readonly revision?: string | undefined;
  /** Folder or files in the data set. */
  readonly files?: readonly string[] | undefined;
}

/** Where the files are, or why that cannot be said. */
export function hubPath(
  data: HubData,
): Pick<Source, "path" | "limit" | "sample"> | { why: string; todo: string } {
  const [, split = "train", first] = /^(.*?)(?:\[:(\d+)\])?$/.exec(data.split ?? "train") ?? [];
  const place = pathOf({ ...data, split });
  if ("why" in place || first === undefined) return place;
  return { ...place, limit: Number(first), sample: "first" };
}

function pathOf(data: HubData): { path: string | string[] } | { why: string; todo: string } {
  const { name, subset, split = "train", revision, files = [] } = data;
  if (/[[\]+:%]/.test(split)) {
    return {
      why: `The split ${split} is a slice, and Tunewright takes rows by number.`,
      todo: "Import the file, and give limit (and sample) to the source of train_file.",
    };
  }
  const isLocal = existsSync(name);
  const base = isLocal
    ? name.replace(/\/+$/, "")
    : `hf://datasets/${name}${revision ? `@${revision}` : ""}`;
  if (files.length > 0) return { path: files.map((file) => `${base}/${file}`) };
  if (subset === undefined && split === "train") return { path: base };
  if (isLocal) {
    return {
      why: `${name} is on this machine, where only whole files and folders are read.`,
      todo: `Give the file of ${[subset, split].filter(Boolean).join(" and ")} itself.`,
    };
  }
  return { path: `${base}/${subset === undefined ? "**" : subset}/${split}-*` };
}

/** A source without options is its path. */
export function shortSource(source: Source): Source | string {
  const { path, ...options } = source;
  const given = Object.values(options).filter((value) => value !== undefined);
  return given.length === 0 && typeof path === "string" ? path : source;
}
