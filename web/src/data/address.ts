/** Places within a file's page: its tab, the row that is open, what is searched for. */
import { addressOf, type Route, replaceAddress } from "../app/route";

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

/** Changes some of the query; null takes a part away. */
export function changeQuery(route: Route, changes: Record<string, string | null>): void {
  const query = { ...Object.fromEntries(route.query), ...changes };
  const given = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  replaceAddress(addressOf([route.screen, ...route.parts], Object.fromEntries(given)));
}
