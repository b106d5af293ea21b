/** Whether a vocabulary has the tokens that a format writes. */
import { ConfigError } from "../util/errors.js";
import type { JinjaForm, StringForm } from "./templateForm.js";
import { chatTemplateNames } from "./templateForms.js";
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
  const { bosToken, eosToken } = tokenizer;
  const isJinja = form.kind === "jinja";
  const texts = isJinja ? form.source : Object.values(form).join();
  const stops = [form.stop].flat();
  const writesEnd = stops.includes("{eos}") || texts.includes(isJinja ? "eos_token" : "{eos}");
  if (eosToken === undefined && writesEnd) {
    throw lacking(name, "an end token (eos_token)", tokenizer);
  }
  const writesStart = isJinja
    ? texts.includes("bos_token")
    : form.bosFirst || texts.includes("{bos}");
  if (bosToken === undefined && writesStart) {
    throw lacking(name, "a start token (bos_token)", tokenizer);
  }
  const ends = stops.filter((text) => !text.includes("{eos}"));
  const missing = [
    ...ends.filter((text) => tokenizer.tokenToId(text) === undefined),
    ...(form.tokens ?? []).filter((text) => !tokenizer.addedTokens.includes(text)),
  ];
  if (missing.length === 0) return;
  const what = missing.length === 1 ? "the token" : "the tokens";
  throw lacking(name, `${what} ${missing.join(", ")}`, tokenizer, missing);
}

/** @param texts of tokens that would make it fit */
export function lacking(
  name: string,
  what: string,
  tokenizer: Tokenizer,
  texts: readonly string[] = [],
): ConfigError {
  const added =
    texts.length === 0
      ? ""
      : `, or add to the vocabulary what is missing: new_tokens: ${JSON.stringify(texts)}`;
  return new ConfigError(`chat template ${name} does not fit the model ${tokenizer.name}`, {
    why: `its tokenizer lacks ${what}`,
    todo: `remove template_name to use the model's own template, choose another (${chatTemplateNames.join(", ")})${added}`,
  });
}
