/** The names of HTML that a scraped text may hold, and its entities. */
import { decodeHTMLStrict } from "entities/decode";

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

/** Spaces of all widths, which in plain text are one. */
const space = /^\p{Zs}$/u;

/**
 * What `&name;` or `&#number;` stands for, or undefined. A `#` or `;` stays as it is: decoded, it could
 * make another entity of what is around it.
 */
export function entityCharacter(name: string): string | undefined {
  const character = name.startsWith("#") ? numbered(name) : named(name);
  return character === "#" || character === ";" ? undefined : character;
}

function named(name: string): string | undefined {
  const entity = `&${name};`;
  const decoded = decodeHTMLStrict(entity);
  if (decoded === entity) return undefined;
  return space.test(decoded) ? " " : decoded;
}

function numbered(name: string): string | undefined {
  const hexadecimal = name[1] === "x" || name[1] === "X";
  const code = Number.parseInt(name.slice(hexadecimal ? 2 : 1), hexadecimal ? 16 : 10);
  const printable = code >= 0x20 && code < 0x110000 && !(code >= 0xd800 && code < 0xe000);
  return printable && !(code >= 0x7f && code < 0xa0) ? String.fromCodePoint(code) : undefined;
}
