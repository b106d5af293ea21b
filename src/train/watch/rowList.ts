/** Rows of a step in words. */
import type { RowLoss } from "../stepRows.js";

/** Rows that a line names. */
const NAMED = 8;

/** The rows with the highest loss first; one that is no number before all others. */
export function highestFirst(rows: readonly RowLoss[]): RowLoss[] {
  const height = ({ loss }: RowLoss) => (Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss);
  return rows.toSorted((one, other) => {
    const [a, b] = [height(one), height(other)];
    return a === b ? 0 : b - a;
  });
}

/** `a.jsonl:4 (loss 9.1), a.jsonl:9 (loss 2.0), … and 6 more` */
export function rowList(rows: readonly RowLoss[]): string {
  const named = rows.slice(0, NAMED).map(({ file, line, loss }) => {
    return `${file}:${line} (loss ${Number.isFinite(loss) ? loss.toFixed(4) : loss})`;
  });
  return rows.length > NAMED
    ? `${named.join(", ")} and ${rows.length - NAMED} more`
    : named.join(", ");
}
