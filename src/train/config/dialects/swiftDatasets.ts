/** ms-swift's `dataset`: files and data sets of hubs, with the number of rows behind `#`. */
import { existsSync } from "node:fs";
import { isObject } from "../values.js";
import { isEmpty, isTrue, nothing, type Refusal, type Rule, refuse, set } from "./dialect.js";
import { hubPath, type Source, shortSource } from "./hubData.js";

/** `dataset` and `val_dataset`. */
export function swiftDatasets(target: "train_file" | "eval_file"): Rule {
  return (value, keys) => {
    const names = (Array.isArray(value) ? value : String(value).split(/\s+/))
      .map(String)
      .filter((name) => name !== "");
    const { columns, refusal } = columnsOf(keys.get("columns"));
    if (refusal) return { ...refusal, unless: target };
    const sources: (Source | string)[] = [];
    for (const name of names) {
      const source = sourceOf(name, isTrue(keys.get("use_hf")));
      if ("kind" in source) return { ...source, unless: target };
      sources.push(shortSource(columns ? { ...source, columns } : source));
    }
    return sources.length === 0 ? nothing : set({ [target]: sources });
  };
}

/** `[hf::|ms::]NAME[:SUBSET][#ROWS]`; a name that exists is a path, whatever it has in it. */
function sourceOf(spec: string, useHf: boolean): Source | Refusal {
  if (existsSync(spec)) return { path: spec };
  const [, hub, rest] = /^(?:(hf|ms)::)?(.*)$/i.exec(spec)!;
  const [, named, rows] = /^(.*?)(?:#(\d+))?$/.exec(rest!)!;
  const limit = rows === undefined ? {} : { limit: Number(rows), sample: "random" as const };
  if (existsSync(named!)) return { path: named!, ...limit };
  const [name, subset] = named!.split(":", 2);
  const isPath = /^[./~]|\.(jsonl?|csv|parquet|arrow)$/.test(name!);
  if (isPath) return { path: name!, ...limit };
  const onHub = hub?.toLowerCase() === "hf" || (useHf && hub === undefined);
  const twin = onHub ? name! : twins[name!];
  if (twin === undefined) {
    return refuse(
      `${spec} is a data set of ModelScope.`,
      "Give its twin on the hub as hf::OWNER/NAME, or download it and give the file.",
    );
  }
  const place = hubPath({ name: twin, subset });
  return "why" in place ? refuse(place.why, place.todo) : { ...place, ...limit };
}

/** Data sets that ms-swift registers with their names on both hubs. */
const twins: Readonly<Record<string, string>> = {
  "AI-ModelScope/alpaca-gpt4-data-zh": "llm-wizard/alpaca-gpt4-data-zh",
  "AI-ModelScope/alpaca-gpt4-data-en": "vicgalle/alpaca-gpt4",
  "AI-ModelScope/alpaca-cleaned": "yahma/alpaca-cleaned",
  "swift/self-cognition": "modelscope/self-cognition",
};

const standard: Readonly<Record<string, string>> = {
  query: "instruction",
  response: "output",
  history: "history",
  system: "system",
  messages: "messages",
  tools: "tools",
};

/** `{"theirs": "query"}` in our terms. */
function columnsOf(value: unknown): { columns?: Record<string, string>; refusal?: Refusal } {
  if (isEmpty(value)) return {};
  const given = typeof value === "string" ? parsed(value) : value;
  if (!isObject(given)) return { refusal: refuse("columns is no object of names.", "Correct it.") };
  const unknown = Object.values(given).find((name) => !Object.hasOwn(standard, String(name)));
  if (unknown !== undefined) {
    const names = Object.keys(standard).join(", ");
    return { refusal: refuse(`columns: ${String(unknown)} is not read.`, `Use ${names}.`) };
  }
  const pairs = Object.entries(given).map(([theirs, name]) => [standard[String(name)]!, theirs]);
  return { columns: Object.fromEntries(pairs) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `model_name` and `model_author` fill in rows about the model itself. */
export const swiftPlaceholders: Rule = (_value, keys) => {
  const words = { NAME: keys.get("model_name"), AUTHOR: keys.get("model_author") };
  const filled: Record<string, string> = {};
  for (const [name, value] of Object.entries(words)) {
    if (isEmpty(value)) continue;
    const texts = [
      ...new Set(typeof value === "string" ? value.split(/\s+/) : [value].flat().map(String)),
    ];
    if (texts.length > 1) {
      return refuse(
        `${name} is ${texts.join(" and ")}, one for each language, and one text is filled in for all rows.`,
        "Give one, or fill in the rows with ./tunewright data convert --set.",
        "placeholders",
      );
    }
    filled[name] = texts[0]!;
  }
  return Object.keys(filled).length === 0 ? nothing : set({ placeholders: filled });
};
