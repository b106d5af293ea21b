/** Curves over steps or time, drawn by uPlot. */
export { Chart, type ChartMark, type ChartSeries, LegendLine, type Zoom } from "./Chart";
export { smoothed } from "./smoothed";
