/** The bytes that text stood for before it was read in the wrong encoding. */

/**
 * Characters of the bytes 0x80 to 0x9f in windows-1252. Written out, because Node's decoder of that
 * name gives the C1 controls of ISO 8859-1 for them in some releases (nodejs/node#56542).
 */
const windowsCharacters = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

let windowsTable: Map<number, number> | undefined;

/**
 * Code unit to byte for windows-1252 as browsers read it and for ISO 8859-1, where the bytes from
 * 0x80 to 0x9f are the controls of the same numbers. Only bytes from 0x80.
 */
export function windows1252Bytes(): Map<number, number> {
  if (windowsTable) return windowsTable;
  windowsTable = new Map();
  for (let byte = 0x80; byte < 0x100; byte++) windowsTable.set(byte, byte);
  for (let index = 0; index < windowsCharacters.length; index++) {
    windowsTable.set(windowsCharacters.charCodeAt(index), 0x80 + index);
  }
  return windowsTable;
}

let gbkTable: Uint16Array | undefined;

/** Code unit to its two bytes in GBK, lead byte high; 0 where GBK lacks the character. */
export function gbkBytes(): Uint16Array {
  if (gbkTable) return gbkTable;
  const table = new Uint16Array(0x10000);
  const decoder = new TextDecoder("gbk");
  const pair = new Uint8Array(2);
  for (let lead = 0x81; lead < 0xff; lead++) {
    for (let trail = 0x40; trail < 0xff; trail++) {
      if (trail === 0x7f) continue;
      pair[0] = lead;
      pair[1] = trail;
      const text = decoder.decode(pair);
      const unit = text.charCodeAt(0);
      if (text.length === 1 && unit !== 0xfffd && table[unit] === 0)
        table[unit] = lead * 256 + trail;
    }
  }
  gbkTable = table;
  return table;
}

/** Whether a code unit is one of the 3,755 most used characters, level 1 of GB 2312. */
export function isCommonHan(unit: number): boolean {
  const bytes = gbkBytes()[unit]!;
  return bytes >= 0xb0a1 && bytes <= 0xd7f9 && (bytes & 0xff) >= 0xa1;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of UTF-8 bytes, or null where they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}
