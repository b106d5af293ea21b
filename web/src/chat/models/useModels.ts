import { useCallback, useEffect, useMemo, useState } from "react";
import type {
  Catalogue,
  CatalogueEntry,
  LoadRequest,
  ServedModel,
  ServerStatus,
} from "../../../../src/serve/schema";
import { type ApiError, sendJson } from "../../api/client";
import { useServer } from "../../api/live";
import { useResource } from "../../api/useResource";

/** Models of the server, and what is done with them. */
export interface Models {
  /** Null until the server has told it once. */
  status: ServerStatus | null;
  isConnected: boolean;
  /** Entries that can be loaded. */
  catalogue: CatalogueEntry[];
  /** Why the catalogue could not be read. */
  problem: ApiError | null;
  /** Loads an entry of the catalogue. @throws ApiError */
  load(source: string): Promise<void>;
  /** @throws ApiError */
  unload(name: string): Promise<void>;
  /** Reads the catalogue again. */
  refresh(): void;
}

const noEntries: CatalogueEntry[] = [];

/** Follows the server's models while the screen is open. */
export function useModels(): Models {
  const { status, isConnected } = useServer();
  const { data, error, reload } = useResource<Catalogue>("api/catalogue");
  const [asked, setAsked] = useState<ServedModel[]>([]);
  const served = status?.models;
  const names = served?.map(({ name }) => name).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is loaded changes the catalogue
  useEffect(() => {
    setAsked((before) =>
      before.filter(({ name }) => !served?.some((model) => model.name === name)),
    );
    reload();
  }, [names]);
  const load = useCallback(async (source: string) => {
    const body: LoadRequest = { source };
    const model = await sendJson<ServedModel>("POST", "api/models", body);
    setAsked((before) => [...before, model]);
  }, []);
  const unload = useCallback(async (name: string) => {
    await sendJson<unknown>("DELETE", `api/models/${encodeURIComponent(name)}`);
    setAsked((before) => before.filter((model) => model.name !== name));
  }, []);
  return useMemo(
    () => ({
      status: status && { ...status, models: withAsked(status.models, asked) },
      isConnected,
      catalogue: data?.entries ?? noEntries,
      problem: error,
      load,
      unload,
      refresh: reload,
    }),
    [status, isConnected, data, error, asked, load, unload, reload],
  );
}

/** What the server tells, and what it was just asked to load and has not told of yet. */
function withAsked(served: ServedModel[], asked: ServedModel[]): ServedModel[] {
  return [...served, ...asked.filter(({ name }) => !served.some((model) => model.name === name))];
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
