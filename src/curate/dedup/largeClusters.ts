/** Clusters that take so much of the data that somebody should look at them first. */
import { excerpt } from "../../util/excerpt.js";
import type { KeptRow } from "./clusters.js";
import { comparedText } from "./comparedText.js";
import type { SignatureParameters } from "./parameters.js";
import { locator, type PlaceOf } from "./places.js";
import type { Records } from "./records.js";
import type { RowReader } from "./rowReader.js";
import type { SourceFile } from "./signatureFile.js";

/** A row with its place and how its text goes where rows of its cluster differ. */
export interface ShownRow {
  file: string;
  line: number;
  excerpt: string;
}

export interface LargeCluster {
  size: number;
  /** Rows that it removes, of all rows; and of the rows of the file that loses the largest share. */
  share: number;
  file: string;
  fileShare: number;
  /** Rows that go and equal the one that is kept, letter for letter. */
  equal: number;
  kept: ShownRow;
  /** Some of those that go. */
  removed: ShownRow[];
  /** The longest text that those rows have in common, from where it begins; empty where they have none. */
  common: string;
}

/** What a large cluster is, before its rows are read. */
export interface FoundCluster
  extends Pick<LargeCluster, "size" | "share" | "file" | "fileShare" | "equal"> {
  row: number;
  examples: number[];
}

/** A cluster is large where it removes at least so many rows, and more than this share of all rows or of a file's. */
const fewestRemoved = 10;
const largeShare = 0.03;
/** Clusters of so many rows are large together where they remove more than this share of all rows. */
const largeTogether = 0.1;

/** Clusters that are shown, and rows of each beside the one that is kept. */
const shownClusters = 10;
const shownRows = 3;

/** Gathers the large ones of all clusters, or those that are large together; the largest are kept. */
export function largeClusterFinder(files: readonly SourceFile[], records: Records) {
  const locate = locator(files);
  const rowsOf = new Map(files.map((file) => [file.file, file.rows]));
  const large = largestClusters();
  const many = largestClusters();
  return {
    add(cluster: KeptRow) {
      const { row, removed } = cluster;
      if (removed.length < fewestRemoved) return;
      const byFile = new Map<string, number>();
      for (const gone of removed) {
        const { file } = locate(gone);
        byFile.set(file, (byFile.get(file) ?? 0) + 1);
      }
      const shares = [...byFile]
        .filter(([, gone]) => gone >= fewestRemoved)
        .map(([file, gone]) => ({ file, fileShare: gone / rowsOf.get(file)! }));
      const [most = { file: locate(row).file, fileShare: 0 }] = shares.sort(
        (a, b) => b.fileShare - a.fileShare,
      );
      const share = removed.length / records.rows;
      many.add({ cluster, share, ...most });
      if (Math.max(share, most.fileShare) > largeShare) large.add({ cluster, share, ...most });
    },
    /** How many they are, and the largest. */
    found(): { count: number; largest: FoundCluster[] } {
      const together = many.removed() > largeTogether * records.rows ? many : large;
      const { count, largest } = large.count() > 0 ? large : together;
      return { count: count(), largest: largest().map((one) => foundCluster(one, records)) };
    },
  };
}

interface Candidate extends Pick<LargeCluster, "share" | "file" | "fileShare"> {
  cluster: KeptRow;
}

function largestClusters() {
  const kept: Candidate[] = [];
  let [count, removed] = [0, 0];
  return {
    add(candidate: Candidate) {
      count++;
      removed += candidate.cluster.removed.length;
      kept.push(candidate);
      kept.sort(
        ({ cluster: a }, { cluster: b }) => b.removed.length - a.removed.length || a.row - b.row,
      );
      kept.length = Math.min(kept.length, shownClusters);
    },
    count: () => count,
    removed: () => removed,
    largest: (): readonly Candidate[] => kept,
  };
}

function foundCluster({ cluster, ...shares }: Candidate, records: Records): FoundCluster {
  const { row, removed } = cluster;
  const { digest } = records.at(row);
  const equal = removed.filter((gone) => records.at(gone).digest === digest).length;
  const middle = removed[removed.length >> 1]!;
  const examples = [...new Set([removed[0]!, middle, removed.at(-1)!])].slice(0, shownRows);
  return { size: removed.length + 1, ...shares, equal, row, examples };
}

/** Reads the rows that are shown. */
export async function showCluster(
  { row, examples, ...cluster }: FoundCluster,
  reader: RowReader,
  placeOf: PlaceOf,
  parameters: SignatureParameters,
): Promise<LargeCluster> {
  const rows = [row, ...examples];
  const texts: string[] = [];
  for (const one of rows) texts.push(comparedText(await reader.read(one), parameters));
  const difference = firstDifference(texts);
  const shown = rows.map((one, index) => ({
    ...placeOf(one),
    excerpt: excerpt(texts[index]!, Math.max(0, difference - excerptBefore), excerptCharacters),
  }));
  const [kept, ...removed] = shown as [ShownRow, ...ShownRow[]];
  return { ...cluster, kept, removed, common: excerpt(commonText(texts), 0, excerptCharacters) };
}

const excerptCharacters = 120;
const excerptBefore = 30;

/** Where texts begin to differ; 0 where they are equal. */
function firstDifference([first = "", ...others]: readonly string[]): number {
  for (let at = 0; at <= first.length; at++) {
    if (others.some((text) => text[at] !== first[at])) return at;
  }
  return 0;
}

/** Characters of each text in which common text is looked for. */
const searchedCharacters = 4000;

/** The longest stretch of the first text, to the word, that all others have. */
function commonText(texts: readonly string[]): string {
  const [first, ...others] = texts.map((text) => text.slice(0, searchedCharacters));
  const borders = [
    ...first!.matchAll(/(?<=\s)(?=\S)|(?<=[^\p{L}\p{N}]|\p{Script=Han})(?=\p{L})|$/gu),
  ];
  const ends = [0, ...borders.map(({ index }) => index)];
  let best = "";
  for (let from = 0, to = 1; to < ends.length; to++) {
    const stretch = () => first!.slice(ends[from], ends[to]);
    while (from < to && !others.every((text) => text.includes(stretch()))) from++;
    if (stretch().length > best.length) best = stretch();
  }
  return best.trim();
}
