/**
 * The manifest of a checkpoint or of a run's result: which files it has, with sizes and SHA-256. It
 * is complete when its manifest is there and every file matches it.
 */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, isAbsolute, join, normalize, relative } from "node:path";
import { z } from "zod";

export const manifestName = "manifest.json";

const filesSchema = z.array(
  z.object({
    path: z.string().min(1),
    size: z.number().int().min(0),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
);

const manifestSchema = z.object({
  format: z.literal("tunewright-checkpoint"),
  version: z.literal(1),
  /** Optimizer steps that lie behind this checkpoint. */
  step: z.number().int().min(0),
  /** Whether optimizer and data state are inside; false with `save_only_model`. */
  resumable: z.boolean(),
  /** ISO 8601. */
  created: z.string(),
  files: filesSchema,
});

/** `result.json`: the files at the root of a run that belong together. */
export const resultSchema = z.object({
  format: z.literal("tunewright-result"),
  version: z.literal(1),
  step: z.number().int().min(0),
  created: z.string(),
  files: filesSchema,
});

export type Manifest = z.output<typeof manifestSchema>;

/** What {@link verifyCheckpoint} found. */
export interface Verification {
  readonly manifest: Manifest | undefined;
  /** Empty for a good checkpoint; else one line a defect. */
  readonly problems: readonly string[];
  /** Files beside those of the manifest; they do no harm. */
  readonly extras: readonly string[];
}

/** Describes the files of a directory as they lie there, names in order. */
export async function describeFiles(directory: string): Promise<Manifest["files"]> {
  const files: Manifest["files"] = [];
  for (const path of listFiles(directory)) {
    const full = join(directory, path);
    files.push({ path, size: statSync(full).size, sha256: await hashFile(full) });
  }
  return files;
}

/**
 * Compares a checkpoint with its manifest.
 *
 * @param depth `"hash"` reads every byte; `"size"` only looks at names and sizes
 */
export async function verifyCheckpoint(
  directory: string,
  depth: "hash" | "size" = "hash",
): Promise<Verification> {
  let manifest: Manifest;
  try {
    const text = readFileSync(join(directory, manifestName), "utf8");
    manifest = manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const problem = missing
      ? `${manifestName} is missing: it was never completed`
      : `${manifestName} is damaged`;
    return { manifest: undefined, problems: [problem], extras: [] };
  }
  const problems: string[] = [];
  const named = /^checkpoint-(\d+)$/.exec(basename(directory))?.[1];
  if (named !== undefined && Number(named) !== manifest.step)
    problems.push(`${manifestName} belongs to step ${manifest.step}`);
  for (const file of manifest.files) problems.push(...(await checkFile(directory, file, depth)));
  const known = new Set([manifestName, ...manifest.files.map(({ path }) => path)]);
  const extras = listFiles(directory).filter((path) => !known.has(path));
  return { manifest, problems, extras };
}

/** What is wrong with a file that a manifest lists; nothing for a good one. */
export async function checkFile(
  directory: string,
  { path, size, sha256 }: Manifest["files"][number],
  depth: "hash" | "size",
): Promise<string[]> {
  if (isAbsolute(path) || normalize(path).startsWith("..")) return [`${path} lies outside`];
  const full = join(directory, path);
  const stats = statSync(full, { throwIfNoEntry: false });
  if (!stats?.isFile()) return [`${path} is missing`];
  if (stats.size !== size) return [`${path} has ${stats.size} bytes instead of ${size}`];
  if (depth === "size") return [];
  return (await hashFile(full)) === sha256 ? [] : [`${path} has other bytes than were written`];
}

/** Paths of all files under a directory, relative to it, in order. */
export function listFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}
