/** Sets of rows that are joined pair by pair. */

/** Four bytes a row. */
export interface UnionFind {
  union(row: number, other: number): void;
  /** The smallest row of the set. */
  find(row: number): number;
  /** The smallest row of the set of every row, [rows]; the union-find is used up. */
  roots(): Uint32Array;
}

export function unionFind(rows: number): UnionFind {
  const parents = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) parents[row] = row;
  const find = (row: number): number => {
    let at = row;
    while (parents[at] !== at) {
      const next = parents[parents[at]!]!;
      parents[at] = next;
      at = next;
    }
    return at;
  };
  return {
    find,
    union(row, other) {
      const one = find(row);
      const two = find(other);
      if (one < two) parents[two] = one;
      else parents[one] = two;
    },
    roots() {
      for (let row = 0; row < rows; row++) parents[row] = parents[parents[row]!]!;
      return parents;
    },
  };
}
