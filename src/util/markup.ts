/** HTML and SVG that are safe whatever is put into them. */

/** Text that is HTML already. Everything else is escaped by {@link markup}. */
export interface Markup {
  html: string;
}

export type MarkupValue = string | number | Markup | readonly Markup[];

/** Builds HTML from a template; what is put into it is escaped unless it is markup itself. */
export function markup(parts: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  let html = parts[0]!;
  for (const [index, value] of values.entries()) html += asHtml(value) + parts[index + 1]!;
  return { html };
}

function asHtml(value: MarkupValue): string {
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  return "html" in value ? value.html : value.map(({ html }) => html).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For text and for attributes in quotes; control characters, which HTML has no place for, become U+FFFD. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character]!)
    .replace(/\p{Control}/gu, (character) =>
      character === "\n" || character === "\t" ? character : "\ufffd",
    )
    .replace(/\p{Surrogate}/gu, "\ufffd");
}
