/** The chat templates that a model's files hold, and which of them count, as in transformers 5. */
import { FormatError } from "../util/errors.js";

/** Where transformers 5 keeps the templates of a model besides its default one, `NAME.jinja` each. */
export const templateFolder = "additional_chat_templates";

export interface TemplateFiles {
  /** By name; `default` is used where none is named, `tool_use` where it is and there are tools. */
  chatTemplates: ReadonlyMap<string, string>;
  /** What of them is not used though it differs, a line each. */
  templateNotes: readonly string[];
}

interface Source {
  file: string;
  templates: ReadonlyMap<string, string>;
}

/**
 * Separate .jinja files count together, and wholly win over tokenizer_config.json. Tokenizers of
 * transformers do not read chat_template.json (its processors do): it counts where there is no other.
 *
 * @param files text of each file by its name
 * @param config of tokenizer_config.json
 * @param legacy of chat_template.json
 * @throws FormatError for something else than templates
 */
export function readTemplateFiles(
  files: ReadonlyMap<string, string>,
  config: Record<string, unknown>,
  legacy: Record<string, unknown>,
): TemplateFiles {
  const separate = new Map<string, string>();
  // In this order: a file `default.jinja` in the folder wins.
  for (const [file, text] of [...files].sort(
    ([a], [b]) => Number(isInFolder(a)) - Number(isInFolder(b)),
  )) {
    const name = file === "chat_template.jinja" ? "default" : nameInFolder(file);
    if (name !== undefined) separate.set(name, text.replace(/\r\n?/g, "\n"));
  }
  const sources: Source[] = [
    { file: "a .jinja file", templates: separate },
    {
      file: "tokenizer_config.json",
      templates: templatesOf(config.chat_template, "tokenizer_config.json"),
    },
    {
      file: "chat_template.json",
      templates: templatesOf(legacy.chat_template, "chat_template.json"),
    },
  ].filter(({ templates }) => templates.size > 0);
  const [used, ...others] = sources;
  if (used === undefined) return { chatTemplates: new Map(), templateNotes: [] };
  const notes = others.flatMap(({ file, templates }) =>
    [...templates]
      .filter(([name, text]) => used.templates.get(name) !== text)
      .map(
        ([name]) =>
          `${file}: its chat template ${name} is not used: ${used.file} wins, as in transformers.`,
      ),
  );
  return { chatTemplates: used.templates, templateNotes: notes };
}

function isInFolder(file: string): boolean {
  return file.startsWith(`${templateFolder}/`);
}

function nameInFolder(file: string): string | undefined {
  return isInFolder(file) ? file.slice(templateFolder.length + 1, -".jinja".length) : undefined;
}

/** One template, or several by name: as an object, or as a list of `{name, template}`. */
function templatesOf(value: unknown, file: string): Map<string, string> {
  if (value === undefined || value === null) return new Map();
  if (typeof value === "string") return new Map([["default", value]]);
  const entries: unknown[][] = Array.isArray(value)
    ? value.map((entry) => [Object(entry).name, Object(entry).template])
    : Object.entries(Object(value));
  const templates = new Map<string, string>();
  for (const [name, template] of entries) {
    if (typeof name !== "string" || typeof template !== "string") {
      throw new FormatError(`${file}: chat_template is not a chat template`, {
        why: "it must be a text, an object of texts, or a list of {name, template}",
        todo: "copy the file from the model's repository again",
      });
    }
    templates.set(name, template);
  }
  return templates;
}
