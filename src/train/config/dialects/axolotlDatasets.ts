/** axolotl's `datasets`: a list of data with the kind of each. */
import { existsSync } from "node:fs";
import { isObject } from "../values.js";
import {
  type ForeignKeys,
  isEmpty,
  isFalse,
  isTrue,
  nothing,
  type Rule,
  refuse,
  set,
  toNumber,
} from "./dialect.js";
import { hubPath, type Source, shortSource } from "./hubData.js";

type Entry = Readonly<Record<string, unknown>>;

/** A refusal of one entry; thrown, since any of its many keys may be the reason. */
class Refused extends Error {
  constructor(
    readonly why: string,
    readonly todo: string,
  ) {
    super(why);
  }
}

const texts = ["completion", "pretrain"];

/** Whether the data are plain texts. */
export function axolotlTexts(keys: ForeignKeys): boolean {
  const [first] = [keys.get("pretraining_dataset") ?? keys.get("datasets")].flat();
  return keys.has("pretraining_dataset") || (isObject(first) && texts.includes(String(first.type)));
}

/** `datasets`, `test_datasets`, `pretraining_dataset`. */
export function axolotlDatasets(target: "train_file" | "eval_file"): Rule {
  return (value, keys) => {
    const entries = [value].flat();
    const plain = axolotlTexts(keys);
    try {
      const list = entries.map((entry) => shortSource(sourceOf(entry, keys, plain)));
      if (target === "eval_file") return set({ [target]: list });
      if (plain) return set({ [target]: list, task_type: "pretrain" });
      return writesPrompts(entries)
        ? set(
            { [target]: list, template_name: "plain" },
            "Alpaca's own prompt takes the place of a chat template",
          )
        : set({ [target]: list });
    } catch (error) {
      if (error instanceof Refused) return refuse(error.why, error.todo, target);
      throw error;
    }
  };
}

/** `chat_template` of the whole file. */
export const axolotlTemplate: Rule = (value) => {
  const name = String(value);
  if (name === "tokenizer_default" || isEmpty(value)) return nothing;
  if (name === "chatml" || name === "llama3") return set({ template_name: name });
  if (name === "jinja") return nothing;
  if (name === "alpaca" || name === "metharme")
    return refuse(
      `The template ${name} of axolotl is not known here.`,
      "Use tokenizer_default, or name one of Tunewright's with --template_name.",
      "template_name",
    );
  return set(
    { template_name: null },
    `the template that comes with the model takes the place of axolotl's ${name}`,
  );
};

/** Whether rows get a prompt of their type, and no chat template. */
function writesPrompts(entries: readonly unknown[]): boolean {
  const types = entries.map((entry) => (isObject(entry) ? entry.type : undefined));
  const own = types.filter((type) => type === "alpaca");
  if (own.length > 0 && own.length < types.length) {
    throw new Refused(
      "Type alpaca has a prompt of its own, and cannot be mixed with conversations.",
      "Train on one after the other.",
    );
  }
  return own.length > 0;
}

function sourceOf(entry: unknown, keys: ForeignKeys, plain: boolean): Source {
  if (typeof entry === "string") return located({ path: entry });
  if (!isObject(entry)) throw new Refused("An entry is no object.", "Give path and type.");
  const known = new Set([...layoutKeys, ...placeKeys, ...quietKeys]);
  const unknown = Object.keys(entry).find((key) => !known.has(key) && !isEmpty(entry[key]));
  if (unknown) {
    throw new Refused(
      `${String(entry.path)}: ${unknown} is not read.`,
      `Remove ${unknown}, or convert the file first.`,
    );
  }
  const source = located(entry);
  const type = entry.type;
  if (isObject(type)) {
    throw new Refused(
      `${source.path}: prompts put together by a format of one's own are not read.`,
      "Convert the rows to messages, and use type chat_template.",
    );
  }
  const kind = String(type ?? (plain ? "pretrain" : ""));
  if (plain !== texts.includes(kind)) {
    throw new Refused(
      "Plain texts and conversations cannot be trained on together.",
      "Train on one after the other.",
    );
  }
  if (plain) {
    const field = String(entry.field ?? entry.text_column ?? "text");
    return field === "text" ? source : { ...source, columns: { text: field } };
  }
  return { ...source, ...conversationLayout(kind, entry, keys) };
}

const placeKeys = ["path", "name", "split", "data_files", "revision", "ds_type"];
const layoutKeys = [
  "type",
  "field",
  "text_column",
  "field_messages",
  "field_tools",
  "field_thinking",
  "template_thinking_key",
  "message_field_role",
  "message_field_content",
  "message_property_mappings",
  "message_field_training",
  "roles",
  "roles_to_train",
  "train_on_eos",
  "train_on_eot",
  "chat_template",
  "drop_system_message",
  "conversation",
  "split_thinking",
  "shards",
  "skip",
];
const quietKeys = ["trust_remote_code", "preprocess_shards", "input_transform"];

/** File types that `datasets` takes for the name of a data set. */
const fileTypes = ["json", "jsonl", "parquet", "csv", "arrow", "text"];

function located(entry: Entry): Source {
  const name = String(entry.path ?? "");
  if (name === "") throw new Refused("An entry has no path.", "Give its path.");
  const files = [entry.data_files ?? []].flat().map(String);
  if (files.length > 0 && (fileTypes.includes(name) || files.some((file) => existsSync(file))))
    return { path: files.length === 1 ? files[0]! : files };
  const text = (key: string) => (isEmpty(entry[key]) ? undefined : String(entry[key]));
  const place = hubPath({
    name,
    subset: text("name"),
    split: text("split"),
    revision: text("revision"),
    files,
  });
  if ("why" in place) throw new Refused(place.why, place.todo);
  return /^(https?|hf):\/\//.test(name) ? { path: name } : place;
}

function conversationLayout(kind: string, entry: Entry, keys: ForeignKeys): Partial<Source> {
  const where = String(entry.path);
  if (kind === "alpaca") return { format: "alpaca_prompt" };
  if (kind !== "chat_template" && !/^sharegpt(\.|$)/.test(kind)) {
    throw new Refused(
      `${where}: type ${kind || "(none)"} writes prompts of its own, which are not those of a chat template.`,
      "Use type chat_template for conversations; rows of instruction, input and output are read as conversations when given with --train_file.",
    );
  }
  checkLabels(where, entry);
  const template = entry.chat_template;
  if (!isEmpty(template) && template !== (keys.get("chat_template") ?? "tokenizer_default")) {
    throw new Refused(
      `${where}: one chat template is used for all data.`,
      "Set chat_template once for the file.",
    );
  }
  const conversation = String(entry.conversation ?? "");
  if (conversation !== "" && conversation.replace("-", "") !== keys.get("chat_template")) {
    throw new Refused(
      `${where}: conversation ${conversation} is how older versions of axolotl named the chat template.`,
      "Set chat_template once for the file, and remove it.",
    );
  }
  const isOld = kind !== "chat_template";
  const list = String(entry.field_messages ?? (isOld ? "conversations" : "messages"));
  const mapped = isObject(entry.message_property_mappings) ? entry.message_property_mappings : {};
  const role = String(entry.message_field_role ?? mapped.role ?? (isOld ? "from" : "role"));
  const content = String(
    entry.message_field_content ?? mapped.content ?? (isOld ? "value" : "content"),
  );
  const isShareGpt = role === "from" && content === "value";
  const messageKeys = {
    ...(isShareGpt ? {} : { role, content }),
    ...(isEmpty(entry.message_field_training)
      ? {}
      : { train: String(entry.message_field_training) }),
    ...(isEmpty(entry.field_thinking) ? {} : { reasoning_content: String(entry.field_thinking) }),
    ...Object.fromEntries(
      Object.entries(mapped)
        .filter(([key]) => key !== "role" && key !== "content")
        .map(([key, name]) => [key, String(name)]),
    ),
  };
  const renamed = Object.entries(messageKeys).filter(([key, name]) => key !== name);
  const columns = {
    [isShareGpt ? "conversations" : "messages"]: list,
    system: "system",
    tools: String(entry.field_tools ?? "tools"),
  };
  const sameColumns = Object.entries(columns).every(([key, name]) => key === name);
  return {
    ...(sameColumns ? {} : { columns }),
    ...(renamed.length === 0 ? {} : { message_keys: Object.fromEntries(renamed) }),
    ...rolesOf(entry.roles, isShareGpt),
  };
}

/** What of a conversation is learnt: here the assistant's turns with their ends. */
function checkLabels(where: string, entry: Entry): void {
  const trained = [entry.roles_to_train ?? []].flat().map(String);
  if (trained.some((role) => !["assistant", "gpt", "model"].includes(role))) {
    throw new Refused(
      `${where}: roles_to_train ${trained.join(", ")}: only the assistant's turns are trained on.`,
      'Give the other messages "train": true in the rows.',
    );
  }
  if (Array.isArray(entry.roles_to_train) && trained.length === 0) {
    throw new Refused(
      `${where}: roles_to_train []: only messages that say so themselves would be trained on.`,
      'Give the assistant\'s other messages "train": false in the rows, and remove it.',
    );
  }
  for (const key of ["train_on_eos", "train_on_eot"]) {
    const value = entry[key];
    if (!isEmpty(value) && value !== "turn")
      throw new Refused(
        `${where}: ${key} ${String(value)}: the end of every trained turn is learnt.`,
        `Use ${key} turn, or remove it.`,
      );
  }
  if (isTrue(entry.drop_system_message) || isTrue(entry.split_thinking)) {
    throw new Refused(
      `${where}: drop_system_message and split_thinking are not supported.`,
      "Change the rows instead, and remove it.",
    );
  }
  for (const key of ["shards", "skip"]) {
    if (
      (toNumber(entry[key]) ?? 0) > 1 ||
      (!isEmpty(entry[key]) && !isFalse(entry[key]) && toNumber(entry[key]) === undefined)
    )
      throw new Refused(
        `${where}: ${key} takes a part of the rows.`,
        "Take a part with limit of the source in train_file.",
      );
  }
}

const ownRoles = ["system", "user", "human", "assistant", "gpt", "tool"];

/** `{user: [human, me]}`, turned round. */
function rolesOf(value: unknown, isShareGpt: boolean): Partial<Source> {
  if (!isObject(value)) return {};
  const written: Readonly<Record<string, string>> = isShareGpt
    ? { user: "human", assistant: "gpt", system: "system", tool: "observation" }
    : {};
  const pairs = Object.entries(value).flatMap(([role, names]) =>
    [names].flat().map((name) => [String(name), written[role] ?? role] as const),
  );
  const unusual = pairs.filter(([name]) => !ownRoles.includes(name));
  return unusual.length === 0 ? {} : { roles: Object.fromEntries(unusual) };
}
