/** What an adapter consists of. */
import type { Parameter } from "../nn/index.js";

/** One tensor of an adapter's file. */
export interface AdapterTensor {
  /** Name in the file, without PEFT's prefix. */
  name: string;
  parameter: Parameter;
  /** Which rows of the parameter it is; default: all. */
  rows?: { start: number; count: number };
}
