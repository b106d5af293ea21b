import { useEffect, useState } from "react";
import type { CatalogueEntry, ServedModel } from "../../../../src/serve/schema";
import { ApiError } from "../../api/client";
import { useStored } from "../useStored";
import { entryNamed, type Models, readyModels, servedAs } from "./useModels";

export interface ChosenModel {
  /** Null while there is none to choose. */
  name: string | null;
  /** The model if the server has it, perhaps still loading. */
  served: ServedModel | null;
  /** What could be loaded where it is not served. */
  entry: CatalogueEntry | null;
  /** Why it could not be loaded. */
  problem: string | null;
  choose(name: string): void;
  /** Loads it, where it is not served. */
  load(): void;
}

/**
 * The model that is talked to: the one that the address names (and loads), the last one chosen, or the
 * first that is ready.
 *
 * @param named what the address says: a model's name or an entry of the catalogue
 */
export function useChosenModel(models: Models, named: string | null): ChosenModel {
  const [stored, store] = useStored<{ name: string; source: string } | null>("model", null);
  const [asked, setAsked] = useState<string | null>(named);
  const [problem, setProblem] = useState<string | null>(null);
  const first = readyModels(models.status)[0] ?? null;
  const wanted = asked ?? stored?.name ?? first?.name ?? null;
  const served = wanted === null ? null : servedAs(models, wanted);
  const entry =
    wanted === null
      ? null
      : (entryNamed(models, wanted) ?? entryNamed(models, stored?.source ?? ""));
  const { load } = models;
  const source = entry?.id ?? null;
  const loadEntry = () => {
    if (source === null) return;
    setProblem(null);
    load(source).catch((error: unknown) =>
      setProblem(error instanceof ApiError ? error.message : String(error)),
    );
  };
  // What an address asks for is loaded without another click, once.
  const mustLoad = asked !== null && served === null && source !== null && models.isConnected;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is asked for once
  useEffect(() => {
    if (mustLoad) loadEntry();
  }, [mustLoad]);
  useEffect(() => {
    if (named !== null) setAsked(named);
  }, [named]);
  // It stays chosen when the address goes on to the conversation.
  const isFound = asked !== null && served !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is kept once it is found
  useEffect(() => {
    if (!isFound) return;
    store({ name: served.name, source: served.source });
    setAsked(null);
  }, [isFound]);
  // A model that nobody can have any more is not held on to.
  const isLost = models.status !== null && served === null && entry === null && asked === null;
  return {
    name: isLost ? (first?.name ?? null) : (served?.name ?? wanted),
    served: isLost ? first : served,
    entry,
    problem,
    load: loadEntry,
    choose(name) {
      setAsked(null);
      store({ name, source: servedAs(models, name)?.source ?? "" });
    },
  };
}
