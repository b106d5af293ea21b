/** What `data dedup` prints. */
import type { ClusterSizes, DedupReport, LargeCluster } from "../../../curate/dedup/index.js";
import { DataError, withWhy } from "../../../util/errors.js";
import { visibleText } from "../../../util/visibleText.js";
import { printJson } from "../../command.js";
import { stderr, stdout } from "../../output.js";
import type { DedupFlags } from "./flagTypes.js";

export function printReport(report: DedupReport, flags: DedupFlags): void {
  if (flags.json) {
    printJson(jsonOf(report));
  } else {
    stdout.write(`${linesOf(report, flags).join("\n")}\n`);
    for (const cluster of report.largeClusters.shown) {
      stderr.write(visibleText(`${clusterLines(cluster).join("\n")}\n`));
    }
  }
  for (const { message, why } of report.problems) {
    stderr.write(`rejected: ${withWhy(message, why)}\n`);
  }
}

/** Why nothing was written, and what can be done. */
export function largeClustersError({ largeClusters, parameters }: DedupReport): DataError {
  const { count, shown } = largeClusters;
  const [first] = shown as [LargeCluster];
  const { kept, size, equal } = first;
  const what =
    count === 1
      ? `one cluster takes ${ofAll(first)}`
      : `${count} clusters take a large share of the rows, the largest ${ofAll(first)}`;
  const others =
    equal === size - 1
      ? "all of which are equal to it"
      : `${equal} of which are equal to it; the others may be different texts with much in common`;
  const means = {
    minhash:
      parameters.compare === "all"
        ? "leave out --compare all"
        : "lower --common-share, or remove equal rows only (--method exact)",
    simhash: "use --method minhash",
    exact: "compare whole conversations",
  };
  return new DataError(`${what}; nothing was written`, {
    why: `${kept.file}:${kept.line} would stand for ${size - 1} rows, ${others}`,
    todo: `look at the rows above: if they are duplicates, give --yes; if not, ${means[parameters.method]}`,
  });
}

function linesOf(report: DedupReport, flags: DedupFlags): string[] {
  const { rowsIn, rowsOut, rowsRejected, duplicates, clusters, banding, commonShingles } = report;
  const lines = report.written
    ? [`${rowsOut} of ${rowsIn} rows written to ${flags.out}`]
    : [`${rowsIn} rows compared`];
  const bands = banding ? `; ${banding.bands} bands of ${banding.rows}` : "";
  lines.push(
    `${duplicates} duplicates in ${clusters} clusters, the largest of ${report.largestCluster}${bands}`,
  );
  for (const size of report.sizes) lines.push(`  ${sizeLine(size, rowsIn)}`);
  if (commonShingles > 0) {
    lines.push(
      `text that many rows have in common carries no weight: ${commonShingles} shingles (--compare all: it does)`,
    );
  }
  if (report.written) {
    lines.push(`removed rows (${rowsRejected}) are listed in ${report.rejectedFile}`);
  }
  return lines;
}

function sizeLine({ from, to, clusters, removed }: ClusterSizes, rows: number): string {
  const sizes =
    to === undefined
      ? `${from} rows or more`
      : from === to
        ? `${from} rows`
        : `${from} to ${to} rows`;
  return `${clusters} of ${sizes}: ${removed} removed (${percent(removed / rows)})`;
}

function clusterLines(cluster: LargeCluster): string[] {
  const { kept, removed, common } = cluster;
  const row = ({ file, line, excerpt }: LargeCluster["kept"]) =>
    `${file}:${line}: ${JSON.stringify(excerpt)}`;
  return [
    `a cluster takes ${ofAll(cluster)}`,
    ...(common === "" ? [] : [`  in common: ${JSON.stringify(common)}`]),
    `  kept ${row(kept)}`,
    ...removed.map((one) => `  goes ${row(one)}`),
  ];
}

/** Its share of all rows, or of a file's where that is what makes it large. */
function ofAll({ size, share, file, fileShare }: LargeCluster): string {
  const rows = `${percent(share)} of all rows`;
  return `${size - 1} rows, ${fileShare > share ? `${percent(fileShare)} of those of ${file}` : rows}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
}

function jsonOf(report: DedupReport): object {
  const { banding, largeClusters } = report;
  const shown = ({ fileShare: file_share, ...cluster }: LargeCluster) => ({
    ...cluster,
    file_share,
  });
  return {
    written: report.written,
    rows_in: report.rowsIn,
    rows_out: report.rowsOut,
    rows_rejected: report.rowsRejected,
    duplicates: report.duplicates,
    rows_refused: report.refused,
    clusters: report.clusters,
    largest_cluster: report.largestCluster,
    cluster_sizes: report.sizes.map(({ to = null, ...size }) => ({ ...size, to })),
    large_clusters: largeClusters.count,
    largest_clusters: largeClusters.shown.map(shown),
    common_shingles: report.commonShingles,
    ...(banding ? { bands: banding.bands, rows_per_band: banding.rows } : {}),
    rejected_file: report.rejectedFile,
    clusters_file: report.clustersFile,
    seconds: report.seconds,
  };
}
