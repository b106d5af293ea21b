import type { Axis } from "../../tracking/index.js";

/** What the command line of `plot` says. */
export interface PlotFlags {
  metric?: string[];
  x?: Axis;
  smoothing: number;
  log?: boolean;
  out?: string;
  height: number;
  color?: boolean;
  json?: boolean;
}
