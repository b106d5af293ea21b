/** The characters that stand for bytes in byte-level vocabularies (GPT-2's table). */
const isShown = (byte: number) =>
  (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;

/** By byte: itself where it shows as a character, else one from U+0100 on. */
export const byteAlphabet: readonly string[] = (() => {
  let hidden = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(isShown(byte) ? byte : 256 + hidden++),
  );
})();
