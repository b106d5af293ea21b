/** Makes control characters visible, so that text from data cannot control the terminal. */

/** The text with control characters, except line breaks and tabs, written as `\x1b`. */
export function visibleText(text: string): string {
  let shown = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const isControl =
      (code < 0x20 && code !== 0x0a && code !== 0x09) || (code >= 0x7f && code < 0xa0);
    shown += isControl ? `\\x${code.toString(16).padStart(2, "0")}` : character;
  }
  return shown;
}
