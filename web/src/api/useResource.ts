import { useCallback, useEffect, useState } from "react";
import { ApiError, getJson } from "./client";

/** Something that is fetched: not yet, failed, or there (perhaps of before, while it is fetched again). */
export interface Resource<T> {
  data: T | null;
  error: ApiError | null;
  isLoading: boolean;
  reload(): void;
}

/** What happens to the window that may change every answer. */
const refetched = ["apikeychange", "serverback"];

/** @param path relative to the page; null fetches nothing */
export function useResource<T>(path: string | null): Resource<T> {
  const [state, setState] = useState<{
    path: string | null;
    data: T | null;
    error: ApiError | null;
  }>({
    path: null,
    data: null,
    error: null,
  });
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a round fetches the same path again
  useEffect(() => {
    if (path === null) return;
    const control = new AbortController();
    getJson<T>(path, control.signal).then(
      (data) => setState({ path, data, error: null }),
      (error: unknown) => {
        if (control.signal.aborted) return;
        const failure = error instanceof ApiError ? error : new ApiError(String(error), 0);
        setState((before) => ({ ...before, path, error: failure }));
      },
    );
    return () => control.abort();
  }, [path, round]);
  useEffect(() => {
    const again = () => setRound((n) => n + 1);
    for (const name of refetched) addEventListener(name, again);
    return () => {
      for (const name of refetched) removeEventListener(name, again);
    };
  }, []);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  const isOfPath = state.path === path;
  return {
    data: isOfPath ? state.data : null,
    error: isOfPath ? state.error : null,
    isLoading: path !== null && !isOfPath,
    reload,
  };
}
