/** Which lines of the table are shown, and in which order. */
import type { ResultRow } from "../../../../src/serve/schema";

/** A benchmark's own line with those of its subjects. */
export interface Block {
  head: ResultRow;
  subjects: ResultRow[];
}

export const orders = ["asked", "score", "difference", "p"] as const;
export type Order = (typeof orders)[number];

/** One block for each benchmark and metric; a task that belongs to no group is a block of its own. */
export function blocksOf(rows: readonly ResultRow[]): Block[] {
  const blocks = new Map<string, Block>();
  const keyOf = ({ benchmark, metric }: ResultRow) => `${benchmark}\n${metric}`;
  for (const row of rows)
    if (row.task === null) blocks.set(keyOf(row), { head: row, subjects: [] });
  for (const row of rows) {
    if (row.task === null) continue;
    const block = blocks.get(keyOf(row));
    if (block) block.subjects.push(row);
    else blocks.set(`${keyOf(row)}\n${row.task}`, { head: row, subjects: [] });
  }
  return [...blocks.values()];
}

/** Blocks that have the text in a name; of a benchmark that has not, the subjects that do. */
export function filterBlocks(blocks: readonly Block[], text: string): Block[] {
  const wanted = text.trim().toLowerCase();
  const fits = (name: string | null) => name?.toLowerCase().includes(wanted) ?? false;
  return blocks.flatMap((block) => {
    if (fits(block.head.benchmark) || fits(block.head.label)) return [block];
    const subjects = block.subjects.filter(({ label, task }) => fits(label) || fits(task));
    return subjects.length > 0 ? [{ ...block, subjects }] : [];
  });
}

export function sortBlocks(blocks: readonly Block[], order: Order): Block[] {
  if (order === "asked") return [...blocks];
  const keyFor: Record<Exclude<Order, "asked">, (row: ResultRow) => number> = {
    score: ({ score }) => -score,
    difference: ({ difference }) => (difference === null ? Number.POSITIVE_INFINITY : -difference),
    p: ({ p_value }) => p_value ?? Number.POSITIVE_INFINITY,
  };
  const by = (a: ResultRow, b: ResultRow) => {
    const [one, other] = [keyFor[order](a), keyFor[order](b)];
    return one === other ? 0 : one - other;
  };
  return blocks
    .map(({ head, subjects }) => ({ head, subjects: [...subjects].sort(by) }))
    .sort((a, b) => by(a.head, b.head));
}

/** What a difference says: whether other questions of the kind could as well have given the opposite. */
export function verdictOf({ difference, difference_interval, p_value }: ResultRow) {
  if (difference === null || difference === 0) return null;
  const isOutside =
    difference_interval !== null && (difference_interval[0] > 0 || difference_interval[1] < 0);
  if (!isOutside || p_value === null || p_value >= 0.05) return "noise";
  return difference > 0 ? "better" : "worse";
}
