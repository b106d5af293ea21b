/** Clusters against those of reference tools on real data, where the machine has them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { sharedConversations, testFolder } from "../../data/testFiles.js";
import { optimalBanding } from "./bands.js";
import { makeSignatures, mergeSignatures } from "./dedup.js";
import { defaultParameters, type ShingleUnit } from "./parameters.js";
import { signer } from "./signatures.js";

const golden = join(sharedConversations, "../golden/minhash_golden.json");
const there = existsSync(golden);
const why = there ? "" : ` (skipped: ${golden} is not there)`;

interface GoldenRun {
  set: string;
  mode: string;
  threshold: number;
  num_perm: number;
  B: number;
  R: number;
  docs: number;
  kept: number;
  clusters: Record<string, number[]>;
  sig_first_doc_8: number[];
}

const units: Record<string, ShingleUnit> = {
  bigcode_ascii: "ascii",
  unicode_word: "word",
  dj_character: "character",
  dj_space: "space",
};

const folder = testFolder();
afterAll(() => folder.remove());

describe.skipIf(!there)(`MinHash of the reference tools${why}`, () => {
  const runs = there ? (JSON.parse(readFileSync(golden, "utf8")).runs as GoldenRun[]) : [];
  const sets = [...new Set(runs.map(({ set }) => set))].filter((set) =>
    existsSync(join(sharedConversations, `${set}.json`)),
  );

  test("is known of three sets that are here", () => {
    expect(sets).toEqual(["alpaca_zh_demo", "alpaca_en_demo", "identity"]);
  });

  test.each(sets.flatMap((set) => Object.keys(units).map((mode) => [set, mode] as const)))(
    "%s, %s: the same signatures, clusters and kept rows at every threshold",
    async (set, mode) => {
      const path = join(sharedConversations, `${set}.json`);
      const rows = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>[];
      const texts = rows.map((row) => [row.instruction, row.input ?? "", row.output].join("\n"));
      const file = folder.write(
        `${set}.jsonl`,
        texts.map((text) => ({ text })),
      );
      const out = folder.path(`${set}-${mode}.jsonl`);
      const shape = { compare: "all", shingle: units[mode]!, shortTexts: "alike" } as const;
      const first = signer({ ...defaultParameters, ...shape })([texts[0]!]);
      const options = { threads: 1, parameters: shape, keepSignatures: true };
      await makeSignatures([file], out, { shard: 0, shards: 1 }, options);
      const wanted = runs.filter((run) => run.set === set && run.mode === mode);
      expect(wanted.map(({ threshold }) => threshold)).toEqual([0.7, 0.85]);
      for (const run of wanted) {
        expect([...first.subarray(0, 8)]).toEqual(run.sig_first_doc_8);
        expect(optimalBanding(run.threshold, run.num_perm)).toEqual({ bands: run.B, rows: run.R });
        const merge = {
          threshold: run.threshold,
          acceptLarge: true,
          keysInMemory: run.threshold === 0.7 ? 0 : undefined,
        };
        const report = await mergeSignatures([file], out, { ...options, merge });
        expect(report).toMatchObject({ rowsIn: run.docs, rowsOut: run.kept });
        const clusters = readFileSync(report.clustersFile, "utf8").split("\n").filter(Boolean);
        const found = clusters.map((line) => {
          const { kept, removed } = JSON.parse(line);
          return [kept, ...removed].map((place: { line: number }) => place.line - 1);
        });
        expect(found).toEqual(Object.values(run.clusters));
      }
    },
  );
});
