/** What a file is made of, in figures. */
export { StatisticsTab } from "./StatisticsTab";
