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

export function rowAddress(file: string, row: number): string {
  return addressOf(["data", file], { row: String(row) });
}
