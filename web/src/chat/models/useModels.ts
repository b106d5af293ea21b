import { useCallback, useEffect, useMemo, useState } from "react";
import type {
  Catalogue,
  CatalogueEntry,
  LoadRequest,
  ServedModel,
  ServerStatus,
} from "../../../../src/serve/schema";
import { ApiError, getJson, sendJson } from "../../api/client";

/** Milliseconds between two looks at the server: while something changes, and while nothing does. */
const busyInterval = 1000;
const calmInterval = 10_000;

/** Models of the server, and what is done with them. */
export interface Models {
  /** Null until the server has answered once. */
  status: ServerStatus | null;
  /** Entries that can be loaded. */
  catalogue: CatalogueEntry[];
  /** Why the server did not answer the last time; null while it does. */
  problem: ApiError | null;
  /** Loads an entry of the catalogue. @throws ApiError */
  load(source: string): Promise<void>;
  /** @throws ApiError */
  unload(name: string): Promise<void>;
  /** Looks again at once. */
  refresh(): void;
}

interface Seen {
  status: ServerStatus | null;
  catalogue: CatalogueEntry[];
  problem: ApiError | null;
}

/** Follows the server's models while the screen is open. */
export function useModels(): Models {
  const [seen, setSeen] = useState<Seen>({ status: null, catalogue: [], problem: null });
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((n) => n + 1), []);
  const isBusy = seen.problem !== null || seen.status === null || isChanging(seen.status);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a round looks again
  useEffect(() => {
    const control = new AbortController();
    const look = async () => {
      try {
        const [status, { entries }] = await Promise.all([
          getJson<ServerStatus>("api/status", control.signal),
          getJson<Catalogue>("api/catalogue", control.signal),
        ]);
        if (!control.signal.aborted) setSeen({ status, catalogue: entries, problem: null });
      } catch (error) {
        if (control.signal.aborted) return;
        const problem = error instanceof ApiError ? error : new ApiError(String(error), 0);
        setSeen((before) => ({ ...before, problem }));
      }
    };
    void look();
    const timer = setInterval(() => void look(), isBusy ? busyInterval : calmInterval);
    return () => {
      control.abort();
      clearInterval(timer);
    };
  }, [isBusy, round]);
  useEffect(() => {
    addEventListener("apikeychange", refresh);
    return () => removeEventListener("apikeychange", refresh);
  }, [refresh]);
  return useMemo(
    () => ({
      ...seen,
      refresh,
      async load(source) {
        await sendJson<unknown>("POST", "api/models", { source } satisfies LoadRequest);
        refresh();
      },
      async unload(name) {
        await sendJson<unknown>("DELETE", `api/models/${encodeURIComponent(name)}`);
        refresh();
      },
    }),
    [seen, refresh],
  );
}

function isChanging({ ready, models }: ServerStatus): boolean {
  return !ready || models.some(({ state }) => state === "loading");
}

/** Models that answer now. */
export function readyModels(status: ServerStatus | null): ServedModel[] {
  return (status?.models ?? []).filter(({ state }) => state === "ready");
}

/** The served model that an address names: by its own name, or by the catalogue's id of what it is. */
export function servedAs(models: Models, named: string): ServedModel | null {
  const served = models.status?.models ?? [];
  return (
    served.find(({ name }) => name === named) ??
    served.find(({ source }) => source === named) ??
    null
  );
}

/** The entry that an address names, by its id or its title. */
export function entryNamed(models: Models, named: string): CatalogueEntry | null {
  return (
    models.catalogue.find(({ id }) => id === named) ??
    models.catalogue.find(({ title }) => title === named) ??
    null
  );
}
