/** Python's regular expressions as JavaScript has them. */
import { spaceClass } from "../../util/codePoints.js";

/**
 * A pattern of Python's `re` that uses `.`, `\s`, `\S` and `$`, which mean other characters in JavaScript.
 * `\w`, `\d`, `\b` and `^` under `re.M` are left as they are: patterns with them need more.
 *
 * @param flags JavaScript's; u is added
 */
export function pythonRegExp(source: string, flags = ""): RegExp {
  const tokens = source.match(/\\[\s\S]|[\s\S]/g) ?? [];
  let inClass = false;
  const translated = tokens.map((token) => {
    if (token === "[") inClass = true;
    if (token === "]") inClass = false;
    if (token === "\\s") return inClass ? spaceClass : `[${spaceClass}]`;
    if (inClass) return token;
    if (token === "\\S") return `[^${spaceClass}]`;
    if (token === ".") return "[^\\n]";
    return token === "$" ? "(?=\\n?(?![\\s\\S]))" : token;
  });
  return new RegExp(translated.join(""), `${flags}u`);
}
