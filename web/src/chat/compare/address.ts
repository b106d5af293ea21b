/** The comparison in the page's address, so that a link opens it again. */
import { addressOf } from "../../app/route";
import { type Comparison, type History, mostModels } from "./comparison";

export interface CompareAddress {
  models: string[];
  history: History;
  blind: boolean;
  /** A run whose result is to be compared with what it began from. */
  run: string | null;
}

export function readAddress(query: URLSearchParams): CompareAddress {
  const names = (query.get("models") ?? "").split(",").filter((name) => name !== "");
  return {
    models: names.map(decoded).slice(0, mostModels),
    history: query.get("history") === "shared" ? "shared" : "own",
    blind: query.get("blind") === "1",
    run: query.get("run"),
  };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

export function addressFor({
  models,
  history,
  blind,
}: Pick<Comparison, "models" | "history" | "blind">): string {
  return addressOf(["chat", "compare"], {
    // Names may have commas.
    models: models.map(encodeURIComponent).join(","),
    ...(history === "shared" ? { history } : {}),
    ...(blind ? { blind: "1" } : {}),
  });
}
