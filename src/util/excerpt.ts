/** Parts of texts, short enough for a report or an error. */

const excerptCharacters = 120;

/** Part of a text, with … where there is more; never half a character. */
export function excerpt(text: string, from = 0, characters = excerptCharacters): string {
  const end = from + characters;
  const part = text.slice(from, end).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
  return `${from > 0 ? "…" : ""}${part}${end < text.length ? "…" : ""}`;
}
