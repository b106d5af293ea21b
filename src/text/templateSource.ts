/** Chat templates as Jinja source, in which other programs prompt as training did. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../util/isRecord.js";
import { fileStyle, parseJson, stringifyJson } from "../util/json/index.js";
import { makeFolders } from "../util/makeFolders.js";
import { baichuanMarks } from "./idTemplate.js";
import { plainTemplateName } from "./plainTemplate.js";
import { ownName } from "./resolveChatTemplate.js";
import { stringFormJinja } from "./stringFormJinja.js";
import { templateFolder } from "./templateFiles.js";
import type { IdForm, StringForm } from "./templateForm.js";
import { templateForms } from "./templateForms.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate, TemplateVariables } from "./types.js";

export interface TemplateSource {
  /** For chat_template.jinja; none where there is no template, or Jinja cannot say it. */
  source?: string;
  /** What other programs do otherwise, as a sentence. */
  note?: string;
}

/**
 * The source of a template for transformers, vLLM and llama.cpp. Variables that the template renders
 * every conversation with are defaults in it.
 */
export function chatTemplateJinja(
  { name, variables = {} }: Pick<ChatTemplate, "name" | "variables">,
  tokenizer: Tokenizer,
): TemplateSource {
  if (name === plainTemplateName) return {};
  const own = ownName(name, tokenizer);
  if (own !== undefined) {
    const source = tokenizer.chatTemplates.get(own || "default");
    return source === undefined ? {} : { source: withDefaults(source, variables) };
  }
  const form = templateForms[name];
  if (form === undefined) return {};
  if (form.kind === "ids") {
    const spelled = spelledForm(form, tokenizer);
    if (spelled) return { source: stringFormJinja(spelled), note: inPartsNote(name) };
    return {
      note: `chat template ${name} is written as token ids, which no chat_template.jinja can say: other programs than Tunewright have to be told how to prompt the model.`,
    };
  }
  if (form.kind === "jinja") {
    return { source: withDefaults(withoutMarks(form.source), variables) };
  }
  const source = stringFormJinja(form);
  return isInParts(form) ? { source, note: inPartsNote(name) } : { source };
}

/**
 * A format of token ids as text, where ids stand only for tokens that have a spelling. Where the tokenizer
 * puts a space before each text that it encodes, llama.cpp does so too behind such tokens; others may not.
 */
function spelledForm({ layout }: IdForm, tokenizer: Tokenizer): StringForm | undefined {
  if (layout !== "baichuan-official") return undefined;
  const [user, assistant] = baichuanMarks.map((id) => tokenizer.idToToken(id));
  if (user === undefined || assistant === undefined) return undefined;
  return {
    kind: "string",
    system: "{content}",
    user: `${user}{content}`,
    prompt: assistant,
    assistant: "{content}",
    end: "{eos}",
    stop: "{eos}",
  };
}

function inPartsNote(name: string): string {
  return `chat template ${name} is encoded in parts, and chat_template.jinja as one text by other programs: where parts meet, their ids can differ.`;
}

/** Files that may have a template too, which programs of their time read. */
const others = ["tokenizer_config.json", "chat_template.json"];

/**
 * Puts a template into the files of a tokenizer, in the place of the default one and of that for tools.
 * Where Jinja cannot say it, or it is the default one, they stay.
 * @returns what should be known of it, a line each
 */
export function writeTemplateSource(
  directory: string,
  template: Pick<ChatTemplate, "name" | "variables">,
  tokenizer: Tokenizer,
): string[] {
  const { source, note } = chatTemplateJinja(template, tokenizer);
  const notes = note === undefined ? [] : [note];
  if (source === undefined || source === tokenizer.chatTemplates.get("default")) return notes;
  writeFileSync(join(directory, "chat_template.jinja"), source);
  for (const name of others) {
    const file = join(directory, name);
    const content = existsSync(file) ? parseJson(readFileSync(file, "utf8")) : undefined;
    if (!isRecord(content) || content.chat_template === undefined) continue;
    writeFileSync(file, `${stringifyJson({ ...content, chat_template: source }, fileStyle)}\n`);
  }
  const folder = join(directory, templateFolder);
  rmSync(join(folder, "default.jinja"), { force: true });
  // Programs that find one called tool_use take it for conversations with tools.
  const isOwn = ownName(template.name, tokenizer) === "";
  const forTools = isOwn ? tokenizer.chatTemplates.get("tool_use") : undefined;
  const toolsFile = join(folder, "tool_use.jinja");
  if (forTools === undefined) rmSync(toolsFile, { force: true });
  else {
    makeFolders(folder);
    writeFileSync(toolsFile, withDefaults(forTools, template.variables ?? {}));
  }
  return notes;
}

/** Whether no one text has the ids of the format with every tokenizer. */
function isInParts({ apart, bosFirst }: StringForm): boolean {
  return Boolean(apart || bosFirst);
}

/** Not every program knows the marks that labels are found by. */
function withoutMarks(source: string): string {
  return source.replace(/\{%- (?:end)?generation %\}/g, "");
}

function withDefaults(source: string, variables: TemplateVariables): string {
  const defaults = Object.entries(variables).map(
    ([name, value]) =>
      `{%- if ${name} is not defined %}{%- set ${name} = ${literal(value)} %}{%- endif %}`,
  );
  return defaults.join("") + source;
}

/** A value of JSON as Jinja writes it: the same, but for the names of three. */
function literal(value: unknown): string {
  if (value === null) return "none";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return stringifyJson(value as string | number | boolean);
  const entries = Object.entries(value).map(([key, item]) => `${literal(key)}: ${literal(item)}`);
  return `{${entries.join(", ")}}`;
}
