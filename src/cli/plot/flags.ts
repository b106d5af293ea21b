/** What the command line of `plot` says. */
export interface PlotFlags {
  metric?: string[];
  x?: string;
  smoothing: number;
  log?: boolean;
  out?: string;
  height: number;
  color?: boolean;
  json?: boolean;
}
