/** Flags of `data dedup`: those that would have no effect are refused; which part a scheduler means. */
import { describe, expect, test } from "vitest";
import * as data from "../../../curate/dedup/index.js";
import { ConfigError } from "../../../util/errors.js";
import { checkFlags, dedupOptions } from "./flags.js";
import type { DedupFlags } from "./flagTypes.js";
import { parseShard } from "./shardFlag.js";

const out = "out.jsonl";

describe("flags", () => {
  test.each<[Partial<DedupFlags>, RegExp]>([
    [{ method: "exact", threshold: 0.8 }, /--threshold has no effect with --method exact/],
    [{ method: "exact", shingle: "word" }, /--shingle has no effect/],
    [{ method: "exact", compare: "all" }, /--compare has no effect/],
    [{ compare: "all", commonShare: 0.2 }, /--common-share has no effect with --compare all/],
    [{ commonShare: 0 }, /--common-share 0 is not a share/],
    [{ shard: "0/2", yes: true }, /--yes has no effect with --shard/],
    [{ method: "simhash", numPerm: 128 }, /--num-perm has no effect with --method simhash/],
    [{ method: "simhash", checkJaccard: true }, /--check-jaccard has no effect/],
    [{ distance: 4 }, /--distance has no effect with --method minhash/],
    [{ shard: "0/2", merge: true }, /--merge has no effect with --shard/],
    [{ shard: "0/2", threshold: 0.8 }, /--threshold has no effect with --shard/],
    [{ shard: "0/2", keep: "longest" }, /--keep has no effect with --shard/],
    [{ merge: true, onError: "fail" }, /--on-error has no effect with --merge/],
    [{ bands: 4 }, /--bands and --rows must be given together/],
    [{ bands: 4, rows: 4, threshold: 0.8 }, /--threshold has no effect with --bands and --rows/],
    [{ bands: 40, rows: 10 }, /40 bands of 10 rows need 400 hash values/],
    [{ threshold: 1.5 }, /not between 0 and 1/],
    [{ threshold: Number.NaN }, /not between 0 and 1/],
    [{ memoryLimit: "much" }, /not a size/],
    [{ memoryLimit: "900TB" }, /more than there is/],
    [{ method: "simhash", distance: 20 }, /more than 8/],
    [{ ngram: 1001 }, /--ngram 1001 is more than 1000/],
    [{ threads: 5000 }, /--threads 5000 is more than 1024/],
  ])("%j are refused", (flags, message) => {
    expect(() => checkFlags({ out, ...flags })).toThrow(ConfigError);
    expect(() => checkFlags({ out, ...flags })).toThrow(message);
  });

  test("that go together are not", () => {
    for (const flags of [
      { threshold: 0.8, numPerm: 128, keep: "longest", memoryLimit: "1GB" },
      { bands: 20, rows: 5, threshold: 0.8, checkJaccard: true },
      { method: "simhash", distance: 6, shingle: "character" },
      { method: "exact", by: "first-prompt" },
      { shard: "1/4", shingle: "character", numPerm: 128 },
      { merge: true, threshold: 0.85, keep: "most-turns" },
      { merge: true, bands: 40, rows: 10 },
    ]) {
      checkFlags({ out, ...flags });
    }
  });

  test("that are not given leave the defaults, those with unknown values are refused", () => {
    const { parameters, merge } = dedupOptions({ out, numPerm: 128, keep: "last" }, data);
    expect({ ...data.defaultParameters, ...parameters }).toMatchObject({
      method: "minhash",
      shingle: "mixed",
      ngram: 5,
      permutations: 128,
    });
    expect(merge).toEqual({ keep: "last" });
    expect(() => dedupOptions({ out, shingle: "token" }, data)).toThrow("--shingle token");
  });
});

describe("--shard", () => {
  test("is a part and a number of parts", () => {
    expect(parseShard("3/16", {})).toEqual({ shard: 3, shards: 16 });
    for (const text of ["16/16", "3", "-1/4", "a/b", "1/0", "0/100000"]) {
      expect(() => parseShard(text, {})).toThrow(ConfigError);
    }
  });

  test("auto is what Slurm says, wherever its array begins", () => {
    const env = {
      SLURM_ARRAY_TASK_ID: "7",
      SLURM_ARRAY_TASK_MIN: "1",
      SLURM_ARRAY_TASK_COUNT: "8",
    };
    expect(parseShard("auto", env)).toEqual({ shard: 6, shards: 8 });
    const stepped = { ...env, SLURM_ARRAY_TASK_MIN: "3", SLURM_ARRAY_TASK_STEP: "2" };
    expect(parseShard("auto", stepped)).toEqual({ shard: 2, shards: 8 });
  });

  test("auto/n is the index of a Kubernetes job", () => {
    expect(parseShard("auto/4", { JOB_COMPLETION_INDEX: "2" })).toEqual({ shard: 2, shards: 4 });
    expect(() => parseShard("auto", { JOB_COMPLETION_INDEX: "2" })).toThrow("number of parts");
    expect(() => parseShard("auto/4", {})).toThrow("no scheduler");
    expect(() => parseShard("auto/2", { JOB_COMPLETION_INDEX: "2" })).toThrow("part 2 of 2");
  });
});
