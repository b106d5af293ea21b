/** Checks the flags of `data dedup` and turns them into options. */
import type * as Dedup from "../../../curate/dedup/index.js";
import { ConfigError } from "../../../util/errors.js";
import { memoryRoom } from "../../../util/memoryLimits.js";
import { oneOf, sourceOptions } from "../options.js";
import type { DedupFlags } from "./flagTypes.js";

type Key = keyof DedupFlags;

const ofMinhash: readonly Key[] = [
  ...(["threshold", "numPerm", "permutations", "bands", "rows", "checkJaccard"] as const),
];
const ofShingles: readonly Key[] = ["shingle", "ngram", "shortTexts", "compare", "commonShare"];
const ofMerging: readonly Key[] = [
  ...(["threshold", "bands", "rows", "checkJaccard", "distance", "keep"] as const),
  ...(["memoryLimit", "keepSignatures", "yes"] as const),
];

/** @throws ConfigError for flags that would have no effect, or impossible values */
export function checkFlags(flags: DedupFlags): void {
  const refuse = (keys: readonly Key[], beside: string, why: string) => {
    const key = keys.find((candidate) => flags[candidate] !== undefined);
    if (key === undefined) return;
    const flag = spelled(key);
    throw new ConfigError(`${flag} has no effect with ${beside}`, {
      why,
      todo: `remove ${flag}`,
    });
  };
  const method = flags.method ?? "minhash";
  if (method === "exact") {
    refuse(
      [...ofMinhash, ...ofShingles, "distance"],
      "--method exact",
      "texts are compared for equality",
    );
  }
  if (method === "simhash") {
    refuse(ofMinhash, "--method simhash", "SimHashes are compared by --distance");
  }
  if (method === "minhash" && !flags.merge) {
    refuse(["distance"], "--method minhash", "signatures are compared by --threshold");
  }
  if (flags.compare === "all") {
    refuse(["commonShare"], "--compare all", "common text counts like all other text");
  }
  if (flags.shard !== undefined) {
    refuse(["merge"], "--shard", "shards are merged once all of them exist");
    refuse(ofMerging, "--shard", "signatures do not depend on it; give it with --merge");
  }
  if (flags.merge)
    refuse(["onError"], "--merge", "rows were read when the signatures were computed");
  if ((flags.bands === undefined) !== (flags.rows === undefined)) {
    throw new ConfigError("--bands and --rows must be given together", {
      todo: "give both or neither",
    });
  }
  if (flags.bands !== undefined && !flags.checkJaccard) {
    refuse(["threshold"], "--bands and --rows", "they replace the threshold");
  }
  checkValues(flags);
}

/** Largest number of bits that SimHashes may differ in; the cost of joins grows with its square. */
const mostDistance = 8;

const defaultNumbers = 256;
const mostTokens = 1000;
const mostThreads = 1024;

function checkValues(flags: DedupFlags) {
  const {
    threshold,
    commonShare,
    bands,
    rows,
    numPerm,
    ngram = 5,
    distance,
    memoryLimit,
    threads = 1,
    merge,
  } = flags;
  if (threshold !== undefined && !(threshold > 0 && threshold < 1)) {
    throw new ConfigError(`--threshold ${threshold} is not between 0 and 1`, {
      todo: "use 0.7 to 0.85 for near-duplicates, or --method exact for equal texts",
    });
  }
  if (commonShare !== undefined && !(commonShare > 0 && commonShare <= 1)) {
    throw new ConfigError(`--common-share ${commonShare} is not a share above 0 and up to 1`, {
      todo: "use 0.05 to 0.5, or --compare all to compare common text too",
    });
  }
  if (numPerm !== undefined && numPerm > 4096) {
    throw new ConfigError(`--num-perm ${numPerm} is more than 4096`, { todo: "use 128 or 256" });
  }
  // A merge reads the size of the signatures from their files.
  const known = numPerm ?? (merge ? undefined : defaultNumbers);
  if (bands !== undefined && rows !== undefined && known !== undefined && bands * rows > known) {
    throw new ConfigError(`${bands} bands of ${rows} rows need ${bands * rows} hash values`, {
      why: `a signature has ${known}`,
      todo: "raise --num-perm, or lower --bands or --rows",
    });
  }
  if (ngram > mostTokens) {
    throw new ConfigError(`--ngram ${ngram} is more than ${mostTokens}`, { todo: "use 3 to 13" });
  }
  if (threads > mostThreads) {
    throw new ConfigError(`--threads ${threads} is more than ${mostThreads}`, {
      todo: "use as many as there are cores, or --shard on several machines",
    });
  }
  if (distance !== undefined && distance > mostDistance) {
    throw new ConfigError(`--distance ${distance} is more than ${mostDistance}`, {
      todo: "use 4 to 6",
    });
  }
  if (memoryLimit !== undefined) checkMemoryLimit(memoryLimit);
}

const units = "KMGT";

function checkMemoryLimit(size: string): void {
  const parts = /^(\d+(?:\.\d+)?)\s*([KMGT])(i)?B$/i.exec(size);
  if (!parts) {
    throw new ConfigError(`--memory-limit ${size} is not a size`, { todo: "use for example 8GB" });
  }
  const [, count, unit, binary] = parts;
  const bytes = Number(count) * (binary ? 1024 : 1000) ** (1 + units.indexOf(unit!.toUpperCase()));
  const { limit, source } = memoryRoom();
  if (bytes <= limit) return;
  throw new ConfigError(`--memory-limit ${size} is more than there is`, {
    why: `the limit on this process is ${Math.floor(limit / 1e6)} MB (${source})`,
    todo: "leave it out to get 2GB, or half of what is free",
  });
}

function spelled(key: Key): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** @throws ConfigError for a value that a flag does not accept */
export function dedupOptions(
  flags: DedupFlags,
  data: typeof Dedup,
): Omit<Dedup.DedupOptions, "threads"> {
  const reading = sourceOptions(flags);
  const parameters: Record<keyof Dedup.SignatureParameters, unknown> = {
    method: oneOf(flags.method, "--method", data.methods),
    by: oneOf(flags.by, "--by", data.comparedParts),
    compare: oneOf(flags.compare, "--compare", data.comparisons),
    commonShare: flags.commonShare,
    shingle: oneOf(flags.shingle, "--shingle", data.shingleUnits),
    ngram: flags.ngram,
    shortTexts: oneOf(flags.shortTexts, "--short-texts", data.shortTextRules),
    permutations: flags.numPerm,
    permutationOrder: oneOf(flags.permutations, "--permutations", data.permutationOrders),
    reading,
  };
  const { bands, rows } = flags;
  const merge: Record<string, unknown> = {
    threshold: flags.threshold,
    banding: bands === undefined || rows === undefined ? undefined : { bands, rows },
    distance: flags.distance,
    keep: oneOf(flags.keep, "--keep", data.keepRules),
    checkJaccard: flags.checkJaccard,
    acceptLarge: flags.yes,
    memoryLimit: flags.memoryLimit,
  };
  return {
    parameters: given(parameters) as Partial<Dedup.SignatureParameters>,
    merge: given(merge) as Partial<Dedup.MergeOptions>,
    folder: flags.workDir,
    keepSignatures: flags.keepSignatures,
    failFast: oneOf(flags.onError, "--on-error", ["skip", "fail"]) === "fail",
  };
}

/** Without the keys that have no value, so that defaults apply. */
function given(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
