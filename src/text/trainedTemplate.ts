/** The name of the chat template that weights were trained with, in a file beside them. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, FormatError } from "../util/errors.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { knownTemplateName } from "./templateAliases.js";
import { fireflyTemplateName } from "./templateForms.js";
import { writeTemplateSource } from "./templateSource.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate, TemplateVariables } from "./types.js";

const fileName = "tunewright.json";

/**
 * Of the names that the file may hold. In files without a version, a model family's plain name meant
 * Firefly's format.
 */
const namesVersion = 2;

/** What is known of the template that was trained with. */
export interface TrainedTemplate {
  name?: string;
  variables?: TemplateVariables;
}

/**
 * Writes which template was trained with, for Tunewright by its name and for other programs in Jinja.
 * @param directory with the tokenizer's files
 * @returns what other programs will do otherwise, a line each
 */
export function writeTrainedTemplate(
  directory: string,
  { name, variables }: Pick<ChatTemplate, "name" | "variables">,
  tokenizer: Tokenizer,
): string[] {
  const used = {
    template_name: name,
    names_version: namesVersion,
    ...(variables && { chat_template_kwargs: variables }),
  };
  writeFileSync(join(directory, fileName), `${JSON.stringify(used, null, 2)}\n`);
  return writeTemplateSource(directory, { name, ...(variables && { variables }) }, tokenizer);
}

/**
 * The template that a model or adapter was trained with, by the name that it has now; nothing where
 * there is no file.
 * @throws FormatError for a file that is not JSON
 */
export function readTrainedTemplate(directory: string): TrainedTemplate {
  const { isOld, name, ...rest } = readStored(directory);
  if (name === undefined) return rest;
  return { ...rest, name: isOld ? earlierMeaning(name) : name };
}

/**
 * The template to use with weights: by name, or that which they were trained with, or else the
 * tokenizer's own.
 *
 * @param variables of the template; those that the weights were trained with are its defaults
 * @throws ConfigError as {@link resolveChatTemplate}
 */
export function templateOfWeights(
  directory: string,
  tokenizer: Tokenizer,
  name: string | undefined,
  variables: TemplateVariables | undefined,
): ChatTemplate {
  const trained = readTrainedTemplate(directory);
  const isTrained = name === undefined || knownTemplateName(name) === trained.name;
  return resolveChatTemplate(name ?? trained.name, tokenizer, {
    ...(isTrained ? trained.variables : {}),
    ...variables,
  });
}

/**
 * Rejects going on from a checkpoint with a name that meant another format when it was written.
 * @param name what the configuration says now
 * @throws ConfigError that says which name means the checkpoint's format
 */
export function checkTrainedTemplate(directory: string, name: string | null): void {
  const stored = readStored(directory);
  if (name === null || !stored.isOld || stored.name !== name) return;
  const meant = earlierMeaning(name);
  if (meant === name) return;
  throw new ConfigError(`${directory} was trained with another chat template than ${name}`, {
    why: `when it was written, ${name} was Firefly's format; now it is the one that the model's publisher uses`,
    todo: `go on with --template_name ${meant}, which is the same format as before`,
  });
}

/** What a name meant before names had a version, as it is called now. */
function earlierMeaning(name: string): string {
  // ChatML was written as Firefly writes it for Yi.
  return fireflyTemplateName(name === "chatml" ? "yi" : name);
}

function readStored(directory: string): TrainedTemplate & { isOld?: boolean } {
  const path = join(directory, fileName);
  if (!existsSync(path)) return {};
  try {
    const {
      template_name: name,
      chat_template_kwargs: variables,
      names_version: version,
    } = Object(JSON.parse(readFileSync(path, "utf8")));
    return {
      isOld: version === undefined,
      ...(typeof name === "string" ? { name } : {}),
      ...(typeof variables === "object" && variables !== null ? { variables } : {}),
    };
  } catch (cause) {
    throw new FormatError(`${path}: not valid JSON`, {
      why: "it contains the name of the chat template used in training",
      todo: "give the template with --template, and remove the file",
      cause,
    });
  }
}
