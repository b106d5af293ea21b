/** Places within a file's page: its tab, the row that is open, what is searched for. */
import { addressOf, type Route } from "../app/route";

export const tabs = ["rows", "packed", "statistics", "removed"] as const;
export type TabName = (typeof tabs)[number];

export function tabOf({ query }: Route): TabName {
  const name = query.get("tab");
  return tabs.find((tab) => tab === name) ?? "rows";
}

/** The row of the address, from 0. */
export function rowOf({ query }: Route): number | null {
  const text = query.get("row");
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null;
}

/** The line of the file that the address names instead of a row, from 1. */
export function lineOf({ query }: Route): number | null {
  const text = query.get("line");
  return text !== null && /^[1-9]\d{0,11}$/.test(text) ? Number(text) : null;
}

export function lineAddress(file: string, line: number): string {
  return addressOf(["data", file], { line: String(line) });
}

export function rowAddress(file: string, row: number): string {
  return addressOf(["data", file], { row: String(row) });
}
