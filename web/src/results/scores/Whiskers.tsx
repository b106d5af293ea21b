import type { ResultRow } from "../../../../src/serve/schema";

/** Range of scores that an axis shows. */
export interface Axis {
  low: number;
  high: number;
}

/** One for all lines of a table, so that they can be compared: whole tenths around all intervals. */
export function axisOf(rows: readonly ResultRow[]): Axis {
  const shares = rows.filter(({ is_share }) => is_share);
  const ends = shares.flatMap(({ score, interval, base_score, base_error }) => [
    ...(interval ?? [score]),
    ...(base_score === null
      ? []
      : [base_score - 1.96 * (base_error ?? 0), base_score + 1.96 * (base_error ?? 0)]),
  ]);
  if (ends.length === 0) return { low: 0, high: 1 };
  const low = Math.max(0, Math.floor(10 * Math.min(...ends)) / 10);
  const high = Math.min(1, Math.ceil(10 * Math.max(...ends)) / 10);
  return { low, high: Math.max(low + 0.1, high) };
}

const width = 180;
const height = 30;

/** A score and its 95 % interval as a dot on a line; above it the base's, hollow. The figures stand beside it. */
export function Whiskers({ row, axis }: { row: ResultRow; axis: Axis }) {
  const x = (value: number) =>
    8 + Math.min(1, Math.max(0, (value - axis.low) / (axis.high - axis.low))) * (width - 16);
  const { score, interval, base_score: base, base_error: error } = row;
  return (
    <svg className="whiskers" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <line className="axis" x1="8" x2={width - 8} y1={height - 3} y2={height - 3} />
      {base !== null && (
        <g className="base">
          {error !== null && (
            <line x1={x(base - 1.96 * error)} x2={x(base + 1.96 * error)} y1="8" y2="8" />
          )}
          <circle cx={x(base)} cy="8" r="4" />
        </g>
      )}
      <g className="tuned">
        {interval && <line x1={x(interval[0])} x2={x(interval[1])} y1="19" y2="19" />}
        <circle cx={x(score)} cy="19" r="4.5" />
      </g>
    </svg>
  );
}
