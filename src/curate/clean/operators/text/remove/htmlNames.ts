/** The names of HTML that a scraped text may hold, and the entities worth decoding. */

/** Elements whose content goes with them. */
export const droppedWithContent: ReadonlySet<string> = new Set(["script", "style", "noscript"]);

/** Elements that begin a new line. */
export const blockElements: ReadonlySet<string> = new Set(
  (
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption " +
    "figure footer form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol option p pre section " +
    "select summary table tbody tfoot thead title tr ul br"
  ).split(" "),
);

/** Elements within a line. */
const inlineElements: ReadonlySet<string> = new Set(
  (
    "a abbr acronym audio b base bdi bdo big button canvas caption cite code col colgroup del dfn em " +
    "embed font i iframe img input ins kbd label legend link map mark meta meter nobr object " +
    "optgroup output param picture progress q s samp small source span strike strong sub sup " +
    "td textarea th time track tt u var video wbr"
  ).split(" "),
);

export function isHtmlElement(name: string): boolean {
  return blockElements.has(name) || inlineElements.has(name) || droppedWithContent.has(name);
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  ensp: " ",
  emsp: " ",
  thinsp: " ",
  ldquo: "“",
  rdquo: "”",
  lsquo: "‘",
  rsquo: "’",
  laquo: "«",
  raquo: "»",
  mdash: "—",
  ndash: "–",
  hellip: "…",
  middot: "·",
  bull: "•",
  copy: "©",
  reg: "®",
  trade: "™",
  deg: "°",
  times: "×",
  divide: "÷",
  plusmn: "±",
  frac12: "½",
  euro: "€",
  pound: "£",
  yen: "¥",
  cent: "¢",
  sect: "§",
  para: "¶",
  rarr: "→",
  larr: "←",
  le: "≤",
  ge: "≥",
  ne: "≠",
};

/** The character of `&name;` or `&#number;`, or undefined. */
export function entityCharacter(name: string): string | undefined {
  if (!name.startsWith("#")) return Object.hasOwn(entities, name) ? entities[name] : undefined;
  const hexadecimal = name[1] === "x" || name[1] === "X";
  const code = Number.parseInt(name.slice(hexadecimal ? 2 : 1), hexadecimal ? 16 : 10);
  const printable = code >= 0x20 && code < 0x110000 && !(code >= 0xd800 && code < 0xe000);
  return printable && !(code >= 0x7f && code < 0xa0) ? String.fromCodePoint(code) : undefined;
}
