/** Text made safe for HTML, as markupsafe does it. */
import { toText } from "./print.js";
import { Markup, type Value } from "./values.js";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  ">": "&gt;",
  "<": "&lt;",
  "'": "&#39;",
  '"': "&#34;",
};

export function escapeText(text: string): string {
  return text.replace(/[&><'"]/g, (character) => entities[character]!);
}

/** The escaped text of a value; that of `Markup` is safe as it is. */
export function escaped(value: Value): string {
  return value instanceof Markup ? value.text : escapeText(toText(value));
}
