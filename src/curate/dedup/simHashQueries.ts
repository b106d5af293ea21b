/** SimHashes that differ in a few bits, found by parts that they have in common. */

/** A query for pairs of rows, and what has to be done before it. */
export interface JoinQuery {
  before?: string;
  select: string;
}

const bits = 64;

/**
 * Cut into distance + 2 blocks, two hashes that differ in at most `distance` bits agree in two blocks
 * at least (Manku, Jain, Sarma 2007): a join for each pair of blocks. Rows of equal hashes are
 * joined before, so one row stands for each hash here.
 */
export function simHashQueries(distance: number): JoinQuery[] {
  const blocks = distance + 2;
  const edge = (block: number) => Math.floor((bits * block) / blocks);
  const part = (side: string, block: number) => {
    const width = edge(block + 1) - edge(block);
    return `((${side}.hash >> ${edge(block)}) & ${2 ** width - 1})`;
  };
  const queries: JoinQuery[] = [];
  for (let one = 0; one < blocks; one++) {
    for (let two = one + 1; two < blocks; two++) {
      const same = [one, two].map((block) => `${part("a", block)} = ${part("b", block)}`);
      queries.push({
        select: `SELECT b.row, a.row FROM hashes a JOIN hashes b ON ${same.join(" AND ")}
          WHERE a.row < b.row AND bit_count(xor(a.hash, b.hash)) <= ${distance}`,
      });
    }
  }
  const [first, ...others] = queries as [JoinQuery];
  const before = "CREATE TABLE hashes AS SELECT k0 AS hash, min(row) AS row FROM keys GROUP BY k0";
  return [{ ...first, before }, ...others];
}
