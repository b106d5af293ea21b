/** Whether a vocabulary has the tokens that a format writes. */
import { ConfigError } from "../util/errors.js";
import type { JinjaForm, StringForm } from "./templateForm.js";
import { templateForms } from "./templateForms.js";
import type { Tokenizer } from "./tokenizer.js";

/**
 * Rejects a format whose markers are no tokens of this vocabulary, where they would be spelled out in
 * pieces that the model never saw as marks.
 * @throws ConfigError
 */
export function checkMarkers(
  name: string,
  form: StringForm | JinjaForm,
  tokenizer: Tokenizer,
): void {
  const missing = missingTokens(form, tokenizer);
  if (missing === undefined) return;
  throw lacking(name, missing.what, tokenizer, missing.texts);
}

/** What a vocabulary lacks for a format, in words, and the texts that it would need as tokens. */
function missingTokens(
  form: StringForm | JinjaForm,
  { bosToken, eosToken, addedTokens, tokenToId }: Tokenizer,
): { what: string; texts: string[] } | undefined {
  const isJinja = form.kind === "jinja";
  const written = isJinja ? form.source : Object.values(form).join();
  const stops = [form.stop].flat();
  const writesEnd = stops.includes("{eos}") || written.includes(isJinja ? "eos_token" : "{eos}");
  if (eosToken === undefined && writesEnd) return { what: "an end token (eos_token)", texts: [] };
  const writesStart = isJinja
    ? written.includes("bos_token")
    : form.bosFirst || written.includes("{bos}");
  if (bosToken === undefined && writesStart) {
    return { what: "a start token (bos_token)", texts: [] };
  }
  const ends = stops.filter((text) => !text.includes("{eos}"));
  const texts = [
    ...ends.filter((text) => tokenToId(text) === undefined),
    ...(form.tokens ?? []).filter((text) => !addedTokens.includes(text)),
  ];
  const what = texts.length === 1 ? "the token" : "the tokens";
  return texts.length === 0 ? undefined : { what: `${what} ${texts.join(", ")}`, texts };
}

/** @param texts of tokens that would make it fit */
export function lacking(
  name: string,
  what: string,
  tokenizer: Tokenizer,
  texts: readonly string[] = [],
): ConfigError {
  const fitting = Object.entries(templateForms).flatMap(([other, form]) =>
    form.kind === "ids" || missingTokens(form, tokenizer) !== undefined ? [] : [other],
  );
  const ways = [
    ...(tokenizer.chatTemplates.has("default")
      ? ["remove template_name to use the model's own template"]
      : []),
    `choose another, of which it has the tokens (${fitting.join(", ")})`,
    ...(texts.length === 0
      ? []
      : [`add to the vocabulary what is missing: new_tokens: ${JSON.stringify(texts)}`]),
  ];
  return new ConfigError(`chat template ${name} does not fit the model ${tokenizer.name}`, {
    why: `its tokenizer lacks ${what}`,
    todo: ways.join(", or "),
  });
}
