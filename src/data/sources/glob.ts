/** Patterns of paths: `*`, `?`, `[a-z]`, `{a,b}` inside a folder's name, `**` across folders. */

/** Whether a text is a pattern rather than a path. */
export function isGlob(text: string): boolean {
  return /[*?{]|\[[^\]]+\]/.test(text);
}

/**
 * Turns a pattern into a test of whole paths with `/`. As in a shell, `*` and `**` do not match
 * names that begin with a dot unless the pattern's part does.
 */
export function globToRegExp(pattern: string): RegExp {
  const parts = expandBraces(pattern).map((one) => {
    const source = one.split("/").map(partSource).join("/");
    return source.replaceAll(`${anyFolders}/`, `(?:${visiblePart}/)*`);
  });
  return new RegExp(`^(?:${parts.join("|")})$`, "u");
}

const visiblePart = "(?!\\.)[^/]+";
const anyFolders = "<any folders>";

function partSource(part: string, at: number, all: readonly string[]): string {
  if (part === "**")
    return at === all.length - 1 ? `(?:${visiblePart}/)*${visiblePart}` : anyFolders;
  let source = /^[*?[]/.test(part) ? "(?!\\.)" : "";
  for (let index = 0; index < part.length; index++) {
    const sign = part[index]!;
    const end = sign === "[" ? part.indexOf("]", index + 2) : -1;
    if (sign === "*") source += "[^/]*";
    else if (sign === "?") source += "[^/]";
    else if (end > 0) {
      const inner = part.slice(index + 1, end).replace(/[\\[\]]/g, "\\$&");
      source += `[${inner.replace(/^!/, "^")}]`;
      index = end;
    } else source += sign.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  }
  return source;
}

/** `a{b,c}d` as `abd` and `acd`; a brace without its partner stands for itself. */
export function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf("{");
  const close = open < 0 ? -1 : closingBrace(pattern, open);
  if (close < 0) return [pattern];
  const before = pattern.slice(0, open);
  const tails = expandBraces(pattern.slice(close + 1));
  return splitChoices(pattern.slice(open + 1, close)).flatMap((choice) => {
    return expandBraces(choice).flatMap((middle) => tails.map((tail) => before + middle + tail));
  });
}

function closingBrace(pattern: string, open: number): number {
  let depth = 0;
  for (let index = open; index < pattern.length; index++) {
    if (pattern[index] === "{") depth++;
    else if (pattern[index] === "}" && --depth === 0) return index;
  }
  return -1;
}

function splitChoices(text: string): string[] {
  const choices = [""];
  let depth = 0;
  for (const sign of text) {
    if (sign === "{") depth++;
    if (sign === "}") depth--;
    if (sign === "," && depth === 0) choices.push("");
    else choices[choices.length - 1] += sign;
  }
  return choices;
}
