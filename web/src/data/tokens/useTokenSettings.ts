/** For which model, template and length rows are shown as tokens: kept, so that they hold for all files. */
import { useState } from "react";
import type { Catalogue, CatalogueEntry } from "../../../../src/serve/schema";
import { type Resource, useResource } from "../../api/useResource";

export interface Chosen {
  /** Id in the catalogue. */
  model: string;
  /** Empty: the model's own. */
  template: string;
  maxLength: number;
}

const stored = "tunewright.tokens";

function storedChoice(): Chosen {
  const fallback: Chosen = { model: "", template: "", maxLength: 1024 };
  try {
    const found = JSON.parse(localStorage.getItem(stored) ?? "{}") as Partial<Chosen>;
    return {
      model: typeof found.model === "string" ? found.model : fallback.model,
      template: typeof found.template === "string" ? found.template : fallback.template,
      maxLength: Number.isInteger(found.maxLength) ? found.maxLength! : fallback.maxLength,
    };
  } catch {
    return fallback;
  }
}

export interface TokenChoice {
  catalogue: Resource<Catalogue>;
  entries: readonly CatalogueEntry[];
  /** Null until the catalogue is there, and where it holds nothing. */
  chosen: Chosen | null;
  choose(changes: Partial<Chosen>): void;
}

/** @param runs that train on the file: what the first of them made is the first choice */
export function useTokenSettings(runs: readonly string[]): TokenChoice {
  const catalogue = useResource<Catalogue>("api/catalogue");
  const [choice, setChoice] = useState(storedChoice);
  const entries = catalogue.data?.entries ?? [];
  const model =
    entries.find(({ id }) => id === choice.model) ??
    entries.find(({ run }) => run !== null && runs.includes(run)) ??
    entries[0];
  return {
    catalogue,
    entries,
    chosen: model === undefined ? null : { ...choice, model: model.id },
    choose(changes) {
      const next = { ...choice, ...changes };
      localStorage.setItem(stored, JSON.stringify(next));
      setChoice(next);
    },
  };
}

/** The part of an address that tells the server of the choice; without a length nothing is cut. */
export function tokenQuery({
  model,
  template,
  maxLength,
}: Omit<Chosen, "maxLength"> & { maxLength: number | null }): string {
  const query = new URLSearchParams({ model });
  if (maxLength !== null) query.set("max_length", String(maxLength));
  if (template !== "") query.set("template", template);
  return query.toString();
}
