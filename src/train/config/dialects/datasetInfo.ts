/** LLaMA-Factory's `dataset`: names that its `dataset_info.json` explains. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../values.js";
import {
  type ForeignKeys,
  isTrue,
  type Refusal,
  type Rule,
  refuse,
  set,
  toNumber,
  toWords,
} from "./dialect.js";
import { hubPath, type Source, shortSource } from "./hubData.js";

type Entry = Readonly<Record<string, unknown>>;

/** What one name of `dataset` means: a source, or why it cannot be one. */
type Meaning = { source: Source; note?: string } | { why: string; todo: string };

/** `dataset`, which becomes `train_file`. */
export const datasetRule: Rule = (value, keys) => sources(value, keys, "train_file");

/** `eval_dataset`, which becomes `eval_file`. */
export const evaluationDatasetRule: Rule = (value, keys) => sources(value, keys, "eval_file");

function sources(value: unknown, keys: ForeignKeys, target: string): ReturnType<Rule> {
  const directory = String(keys.get("dataset_dir") ?? "data");
  const info = readInfo(directory);
  if ("kind" in info) return { ...info, unless: target };
  const samples = toNumber(keys.get("max_samples"));
  const stage = keys.get("stage") === "pt" ? "pt" : "sft";
  const meanings = toWords(value).map((name) => meaningOf(name, info.entries, directory, stage));
  const refused = meanings.filter((meaning) => "why" in meaning);
  if (refused.length > 0) {
    const why = [...new Set(refused.map((one) => one.why))].join(" ");
    const todo = [...new Set(refused.map((one) => one.todo))].join(" ");
    return { ...refuse(why, todo, target), what: "cannot be read" };
  }
  const read = meanings.filter((meaning) => "source" in meaning);
  const list = read.map(({ source }) => shortSource(limited(source, samples)));
  const notes = [...new Set(read.flatMap(({ note }) => note ?? []))];
  const from = info.file === undefined ? undefined : `as ${info.file} says`;
  const because = [from, ...notes].filter((part) => part !== undefined).join("; ");
  return because === "" ? set({ [target]: list }) : set({ [target]: list }, because);
}

/** `max_samples` takes the first rows of each data set. */
function limited(source: Source, samples: number | undefined): Source {
  if (samples === undefined) return source;
  if (source.limit !== undefined) return { ...source, limit: Math.min(source.limit, samples) };
  return { ...source, limit: samples, sample: "first" };
}

function readInfo(directory: string): { entries: Entry; file?: string } | Refusal {
  if (directory === "ONLINE") return { entries: {} };
  const file = join(directory, "dataset_info.json");
  if (directory.startsWith("REMOTE:")) {
    return refuse(
      `${directory} would have dataset_info.json fetched from the hub.`,
      "Download it, and give its folder as dataset_dir.",
    );
  }
  if (!existsSync(file)) return { entries: {} };
  try {
    const entries: unknown = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
    if (isObject(entries)) return { entries, file };
    return refuse(`${file} is no object of data sets by name.`, `Correct ${file}.`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse(`${file} cannot be read: ${why}.`, `Correct ${file}.`);
  }
}

function meaningOf(name: string, info: Entry, directory: string, stage: "pt" | "sft"): Meaning {
  const entry = Object.hasOwn(info, name) ? info[name] : undefined;
  if (isObject(entry)) return explained(name, entry, directory, stage);
  if (directory === "ONLINE") return explained(name, { hf_hub_url: name }, directory, stage);
  if (existsSync(name)) return { source: { path: name } };
  const file = join(directory, "dataset_info.json");
  return {
    why: existsSync(file)
      ? `${file} has no data set ${name}.`
      : `The names are explained by ${file}, which does not exist.`,
    todo: "Give the folder of dataset_info.json as dataset_dir, or the files with --train_file.",
  };
}

function explained(name: string, entry: Entry, directory: string, stage: "pt" | "sft"): Meaning {
  const bad = (why: string, todo: string) => ({ why: `${name}: ${why}.`, todo });
  if (isTrue(entry.ranking)) {
    return bad(
      "it holds preference pairs (ranking), which are for DPO",
      "Leave it out of dataset.",
    );
  }
  const place = placeOf(entry, directory);
  if ("why" in place) return bad(place.why, place.todo);
  const layout = layoutOf(entry, stage);
  if ("why" in layout) return bad(layout.why, layout.todo);
  const rows = toNumber(entry.num_samples);
  const drawn = rows === undefined ? {} : { limit: rows, sample: "random" as const };
  const { note, ...format } = layout;
  const source: Source = { ...place, ...format, ...drawn };
  return note === undefined ? { source } : { source, note };
}

function placeOf(entry: Entry, directory: string): ReturnType<typeof hubPath> {
  const text = (key: string) => (typeof entry[key] === "string" ? entry[key] : undefined);
  const hub = text("hf_hub_url");
  if (hub !== undefined) {
    const folder = text("folder");
    return hubPath({
      name: hub,
      subset: text("subset"),
      split: text("split"),
      ...(folder === undefined ? {} : { files: [folder] }),
    });
  }
  const local = text("file_name");
  if (local !== undefined) {
    const path = join(directory, local);
    if (existsSync(path)) return { path };
    return {
      why: `its file ${path} does not exist`,
      todo: "Put it there, or correct dataset_info.json.",
    };
  }
  const other = ["ms_hub_url", "om_hub_url", "script_url", "cloud_file_name"].find(
    (key) => key in entry,
  );
  return {
    why: other
      ? `it is given by ${other}, which is not read`
      : "it has neither file_name nor hf_hub_url",
    todo: "Download it, and give its file_name in dataset_info.json.",
  };
}

type Layout = Pick<Source, "format" | "columns" | "message_keys" | "roles"> & { note?: string };

/** Columns and tags of an entry in our terms. Where it names columns, only those are read. */
function layoutOf(entry: Entry, stage: "pt" | "sft"): Layout | { why: string; todo: string } {
  const columns = isObject(entry.columns) ? entry.columns : undefined;
  const column = (name: string, standard?: string) => {
    const value = columns ? columns[name] : standard;
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const media = ["images", "videos", "audios"].find((name) => column(name) !== undefined);
  if (media)
    return {
      why: `it has ${media}, and only text is trained on`,
      todo: "Leave it out of dataset.",
    };
  const formatting = entry.formatting ?? "alpaca";
  if (formatting === "alpaca") {
    const prompt = column("prompt", "instruction");
    if (stage === "pt") {
      if (column("query", "input") !== undefined || prompt === undefined)
        return {
          why: "texts for pretraining would be put together of several columns",
          todo: 'Name the one with the text: "columns": {"prompt": "text"}.',
        };
      return { columns: { text: prompt } };
    }
    if (column("tools") !== undefined)
      return { why: "an alpaca row with tools is not read", todo: "Use formatting sharegpt." };
    return {
      format: "alpaca",
      columns: present({
        instruction: prompt,
        input: column("query", "input"),
        output: column("response", "output"),
        history: column("history"),
        system: column("system"),
      }),
      note: "other columns are not read",
    };
  }
  if (formatting !== "sharegpt" && formatting !== "openai")
    return {
      why: `its formatting ${String(formatting)} is unknown`,
      todo: "Use alpaca, sharegpt or openai.",
    };
  const isOpenAi = formatting === "openai";
  const tags = isObject(entry.tags) ? entry.tags : undefined;
  const tag = (name: string, standard: string) => {
    const value = tags ? tags[name] : standard;
    return typeof value === "string" ? value : undefined;
  };
  const list = isOpenAi ? "messages" : "conversations";
  return {
    format: isOpenAi ? "messages" : "sharegpt",
    columns: present({
      [list]: column("messages", "conversations"),
      system: column("system"),
      tools: column("tools"),
    }),
    ...differing("message_keys", {
      [isOpenAi ? "role" : "from"]: tag("role_tag", "from"),
      [isOpenAi ? "content" : "value"]: tag("content_tag", "value"),
    }),
    ...differing("roles", rolesOf(tag, isOpenAi)),
    note: isOpenAi
      ? 'other columns are not read; LLaMA-Factory\'s system text "detailed thinking off" is not added'
      : "other columns are not read",
  };
}

/** Their names of roles with ours. */
function rolesOf(tag: (name: string, standard: string) => string | undefined, isOpenAi: boolean) {
  const ours = isOpenAi
    ? {
        user: "user",
        assistant: "assistant",
        observation: "tool",
        function: "assistant",
        system: "system",
      }
    : {
        user: "human",
        assistant: "gpt",
        observation: "observation",
        function: "function_call",
        system: "system",
      };
  const standard = {
    user: "human",
    assistant: "gpt",
    observation: "observation",
    function: "function_call",
    system: "system",
  };
  const pairs = Object.entries(ours).map(([part, name]) => {
    return [tag(`${part}_tag`, standard[part as keyof typeof standard]), name] as const;
  });
  return Object.fromEntries(pairs.filter(([theirs]) => theirs !== undefined));
}

/** A mapping, where it maps anything to another name. */
function differing(
  key: "message_keys" | "roles",
  names: Readonly<Record<string, string | undefined>>,
): Layout {
  const mapped = Object.entries(names).filter(([from, to]) => to !== undefined && from !== to);
  return mapped.length === 0 ? {} : { [key]: present(Object.fromEntries(mapped)) };
}

function present(names: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
