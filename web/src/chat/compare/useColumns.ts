import { useEffect, useRef, useState } from "react";
import type { CatalogueEntry, ServedModel } from "../../../../src/serve/schema";
import { ApiError } from "../../api/client";
import { entryNamed, type Models, servedAs } from "../models";

/** A model that is compared. */
export interface Column {
  /** As the address has it. */
  named: string;
  /** For people. */
  title: string;
  served: ServedModel | null;
  entry: CatalogueEntry | null;
  isReady: boolean;
}

export function columnsOf(models: Models, names: readonly string[]): Column[] {
  return names.map((named) => {
    const served = servedAs(models, named);
    const entry = entryNamed(models, named);
    return {
      named,
      served,
      entry,
      title: served?.name ?? entry?.title ?? named,
      isReady: served?.state === "ready",
    };
  });
}

/** Loads models that the address names and the server does not have yet, each once. */
export function useLoading(models: Models, columns: readonly Column[]): string | null {
  const [problem, setProblem] = useState<string | null>(null);
  const asked = useRef(new Set<string>());
  const { load, isConnected } = models;
  useEffect(() => {
    if (!isConnected) return;
    for (const { served, entry } of columns) {
      if (served || !entry || asked.current.has(entry.id)) continue;
      asked.current.add(entry.id);
      load(entry.id).catch((error: unknown) =>
        setProblem(error instanceof ApiError ? error.message : String(error)),
      );
    }
  }, [columns, load, isConnected]);
  return problem;
}
