import { useCallback, useEffect, useRef, useState } from "react";
import type { DataRow, DataRows } from "../../../../src/serve/schema";
import { ApiError, getJson } from "../../api/client";

const pageSize = 50;
const keptPages = 80;
/** Rows that only fly by are not asked for. */
const settleMilliseconds = 70;

/** Rows of a file, asked for by pages as they come into view. */
export interface Pages {
  row(index: number): DataRow | undefined;
  /** Rows that a search found so far; null before its first answer. */
  found: number | null;
  /** Share of the file that a search has looked through; 1 without one. */
  searched: number;
  error: ApiError | null;
  /** Rows `[from, to)` are in view. */
  want(from: number, to: number): void;
  retry(): void;
}

interface State {
  key: string;
  pages: Map<number, DataRow[]>;
  found: number | null;
  searched: number;
  error: ApiError | null;
}

const emptyState = (key: string): State => ({
  key,
  pages: new Map(),
  found: null,
  searched: 0,
  error: null,
});

/**
 * @param path of the rows: `api/data/ID/rows`
 * @param find text that rows must hold; empty takes all rows
 * @param available rows of the file that can be asked for by now
 */
export function usePages(path: string, find: string, available: number): Pages {
  const key = `${path}?${find}`;
  const [stored, setState] = useState<State>(() => emptyState(key));
  const state = stored.key === key ? stored : emptyState(key);
  const [range, setRange] = useState<readonly [number, number]>([0, pageSize]);
  const [round, setRound] = useState(0);
  const limit = find === "" ? available : (state.found ?? pageSize);
  const latest = useRef(state);
  latest.current = state;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a round asks again
  useEffect(() => {
    const wanted = missingPages(latest.current, range, limit);
    if (wanted.length === 0) return;
    const control = new AbortController();
    const timer = setTimeout(() => {
      for (const page of wanted) void load(page, control.signal);
    }, settleMilliseconds);
    async function load(page: number, signal: AbortSignal) {
      const query = new URLSearchParams({
        offset: String(page * pageSize),
        limit: String(pageSize),
        ...(find === "" ? {} : { find }),
      });
      try {
        const answer = await getJson<DataRows>(`${path}?${query}`, signal);
        setState((before) => withPage(before.key === key ? before : emptyState(key), page, answer));
      } catch (error) {
        if (signal.aborted) return;
        const failure = error instanceof ApiError ? error : new ApiError(String(error), 0);
        setState((before) => ({
          ...(before.key === key ? before : emptyState(key)),
          error: failure,
        }));
      }
    }
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [key, range, limit, round]);

  const isSearching = find !== "" && state.error === null && state.searched < 1;
  useEffect(() => {
    if (!isSearching || state.found === null) return;
    const timer = setTimeout(() => setRound((n) => n + 1), 300);
    return () => clearTimeout(timer);
  }, [isSearching, state]);

  const want = useCallback((from: number, to: number) => setRange([from, to]), []);
  return {
    row: (index) => state.pages.get(Math.floor(index / pageSize))?.[index % pageSize],
    found: state.found,
    searched: find === "" ? 1 : state.searched,
    error: state.error,
    want,
    retry() {
      setState((before) => ({ ...before, error: null }));
      setRound((n) => n + 1);
    },
  };
}

/** Pages in view that are not there whole; while a search goes on, the last is asked for again. */
function missingPages(
  { pages, searched, key }: State,
  range: readonly [number, number],
  limit: number,
) {
  const isSearch = !key.endsWith("?");
  const first = Math.floor(range[0] / pageSize);
  const last = Math.max(first, Math.floor((Math.min(range[1], limit) - 1) / pageSize));
  const missing: number[] = [];
  for (let page = first; page <= last; page++) {
    const expected = Math.min(pageSize, limit - page * pageSize);
    const got = pages.get(page)?.length ?? -1;
    if (got < expected || (isSearch && searched < 1 && page === last)) missing.push(page);
  }
  return missing;
}

function withPage(state: State, page: number, answer: DataRows): State {
  const pages = new Map(state.pages);
  pages.delete(page);
  pages.set(page, answer.rows);
  for (const old of pages.keys()) {
    if (pages.size <= keptPages) break;
    pages.delete(old);
  }
  return {
    ...state,
    pages,
    found: answer.total,
    searched: answer.searched ?? 1,
    error: null,
  };
}
