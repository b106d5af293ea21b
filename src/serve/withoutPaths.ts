/** Texts for clients. */

/** Absolute paths are nobody's business but the server's: their last part is left. */
export function withoutPaths(text: string): string {
  return text.replaceAll(/(?<![\w.:/-])(?:file:\/\/)?\/(?:[^\s/:'"]+\/)+([^\s/:'"]*)/g, "$1");
}
