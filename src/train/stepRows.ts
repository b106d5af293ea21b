/** What a step has shown of each of its rows, and of the sources that they come from. */
import path from "node:path";
import type { MicroBatch } from "../data/index.js";
import { countLabelled } from "./pass.js";

/** The loss of a row in a step. */
export interface RowLoss {
  file: string;
  line: number;
  /** Mean over its labelled tokens, before the step changed the weights. */
  loss: number;
  labelled_tokens: number;
}

/**
 * The rows of a window with their losses, in their order; the sequences of a row are taken together.
 *
 * @param sums the sum of the losses of each sequence, in their order
 */
export function rowsOf(window: readonly MicroBatch[], sums: ArrayLike<number>): RowLoss[] {
  const rows = new Map<string, RowLoss>();
  const sequences = window.flatMap((batch) => batch.sequences);
  sequences.forEach((sequence, i) => {
    const { file, line } = sequence.source;
    const key = `${file}:${line}`;
    const row = rows.get(key) ?? { file, line, loss: 0, labelled_tokens: 0 };
    rows.set(key, row);
    row.loss += sums[i] ?? Number.NaN;
    row.labelled_tokens += countLabelled([sequence]);
  });
  return [...rows.values()].map((row) => ({ ...row, loss: row.loss / row.labelled_tokens }));
}

/** Sums losses by source. */
export interface SourceLosses {
  /** @param sums by the source's name, changed */
  add(rows: readonly RowLoss[], sums: SourceSums): void;
  /** Mean loss of a labelled token of each source that had any. */
  means(sums: SourceSums): Record<string, number>;
}

type SourceSums = Record<string, { loss: number; tokens: number }>;

/** A source as its rows name it. */
export interface NamedSource {
  name: string;
  files: readonly string[];
}

/** @returns nothing where there is only one source, whose loss is that of the step */
export function sourceLosses(sources: readonly NamedSource[]): SourceLosses | undefined {
  if (sources.length < 2) return undefined;
  const names = shortNames(sources.map(({ name }) => name));
  const nameOf = new Map<string, string>();
  sources.forEach(({ files }, i) => {
    for (const file of files) if (!nameOf.has(file)) nameOf.set(file, names[i]!);
  });
  return {
    add(rows, sums) {
      for (const { file, loss, labelled_tokens: tokens } of rows) {
        if (!Number.isFinite(loss)) continue;
        const name = nameOf.get(file) ?? file;
        const sum = Object.hasOwn(sums, name) ? sums[name]! : { loss: 0, tokens: 0 };
        sums[name] = { loss: sum.loss + loss * tokens, tokens: sum.tokens + tokens };
      }
    },
    means(sums) {
      const means = names.flatMap((name) => {
        const sum = Object.hasOwn(sums, name) && sums[name];
        return sum ? [[name, sum.loss / sum.tokens] as const] : [];
      });
      return Object.fromEntries(means);
    },
  };
}

/** Names without their folders, where that leaves them different. */
function shortNames(names: readonly string[]): readonly string[] {
  const short = names.map((name) => path.basename(name));
  return new Set(short).size === names.length ? short : names;
}
