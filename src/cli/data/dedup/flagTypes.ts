/** The flags of `data dedup` as they come from the command line. */
import type { FormatFlags } from "../options.js";

export interface DedupFlags extends FormatFlags {
  out: string;
  method?: string;
  by?: string;
  compare?: string;
  commonShare?: number;
  shingle?: string;
  ngram?: number;
  shortTexts?: string;
  threshold?: number;
  numPerm?: number;
  permutations?: string;
  bands?: number;
  rows?: number;
  checkJaccard?: boolean;
  yes?: boolean;
  distance?: number;
  keep?: string;
  shard?: string;
  merge?: boolean;
  workDir?: string;
  keepSignatures?: boolean;
  memoryLimit?: string;
  onError?: string;
  threads?: number;
  json?: boolean;
}
