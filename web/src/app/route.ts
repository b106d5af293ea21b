/**
 * Where the page is, kept in the hash (`#/runs/ID?tab=config`), so that it works behind any path and
 * needs nothing of the server.
 */
import { useSyncExternalStore } from "react";

export interface Route {
  /** `runs`, `data`, `chat`, `results`. */
  screen: string;
  /** What follows, decoded: `["ID"]`. */
  parts: string[];
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [screen = "", ...parts] = path.split("/").filter(Boolean).map(decoded);
  return { screen: screen || "runs", parts, query: new URLSearchParams(query) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a place: `addressOf(["runs", id], { tab: "config" })`. */
export function addressOf(parts: readonly string[], query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

export function goTo(address: string): void {
  location.hash = address;
}

/** Changes the address without a step in the history. */
export function replaceAddress(address: string): void {
  history.replaceState(null, "", address);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** Changes some of the query of a place; null takes a part away. */
export function changeQuery(route: Route, changes: Record<string, string | null>): void {
  const query = { ...Object.fromEntries(route.query), ...changes };
  const given = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  replaceAddress(addressOf([route.screen, ...route.parts], Object.fromEntries(given)));
}

function subscribe(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, () => location.hash));
}
