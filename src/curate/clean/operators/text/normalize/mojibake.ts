/** Text that was decoded in the wrong encoding: how to tell, and how to take it back. */
import { decodeUtf8, gbkBytes, isCommonHan, windows1252Bytes } from "./byteTables.js";

/** Characters that bytes from 0x80 become in windows-1252. */
const western =
  "\\x80-\\xff\\u0152\\u0153\\u0160\\u0161\\u0178\\u017d\\u017e\\u0192\\u02c6\\u02dc\\u2013\\u2014\\u2018-\\u201a\\u201c-\\u201e\\u2020-\\u2022\\u2026\\u2030\\u2039\\u203a\\u20ac\\u2122";
const westernRuns = new RegExp(`[${western}]+`, "g");
/** Beginnings that no language has: UTF-8 of general and Chinese punctuation, full-width forms, emoji. */
const telltaleStart = /^(?:â€|ã€|ï¼|ï½|ðŸ)/;
const unfit = /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\ufffd]/u;
const accented = /^[\xa0-\xff]+$/;
/** Characters that UTF-8 read as GBK is full of, and that Chinese as it is written hardly has. */
const gbkTelltales = /[锛銆鐨鏄鍦浠鎴闂鈥鍚鏂鍙杩鐢绗鎵銇]/g;
const twoByteRun = /[\u0080-\uffff]+/g;
const gbkAsWestern = /[\xa1-\xf7][\xa1-\xfe](?:[\xa1-\xf7][\xa1-\xfe]){2,}/g;

/**
 * The text with every certain repair made: UTF-8 that was read as windows-1252 or ISO 8859-1 (also
 * twice over) or as GBK, and GBK that was read as ISO 8859-1. A repair is certain when the bytes
 * decode without a fault, what they give is ordinary text, and chance is ruled out by the length
 * or by beginnings that no language has; anything else stays as it is. The idea of going back
 * through the bytes is that of ftfy (Speer 2019, https://ftfy.readthedocs.io).
 */
export function repairMojibake(text: string): string {
  let repaired = text;
  for (let pass = 0; pass < 4; pass++) {
    const next = repairGbk(repairGbkAsWestern(repairWestern(repaired)));
    if (next === repaired) break;
    repaired = next;
  }
  return repaired;
}

/** Number of characters that look like lost or wrongly decoded text. */
export function suspiciousCharacters(text: string): number {
  let count = 0;
  for (const match of text.matchAll(suspicious)) count += match[0].length;
  const telltales = text.match(gbkTelltales)?.length ?? 0;
  return telltales >= 3 ? count + telltales * 2 : count;
}

const continuation =
  "\\x80-\\xbf\\u0152\\u0153\\u0160\\u0161\\u0178\\u017d\\u017e\\u0192\\u02c6\\u02dc\\u2013\\u2014\\u2018-\\u201a\\u201c-\\u201e\\u2020-\\u2022\\u2026\\u2030\\u2039\\u203a\\u20ac\\u2122";
const suspicious = new RegExp(
  `\\ufffd|锟斤拷|锟斤|â€.?|[ÂÃ][${continuation}]|(?:[ä-é][${continuation}]{2}){2,}|ðŸ[${continuation}]{2}|[ãï][€¼½¿][${continuation}]`,
  "g",
);

function repairWestern(text: string): string {
  const runs = text.match(westernRuns);
  if (!runs) return text;
  const decoded = new Map<string, string | null>();
  let sequences = 0;
  let faults = 0;
  for (const run of runs) {
    if (!decoded.has(run)) decoded.set(run, decodeWestern(run));
    const result = decoded.get(run)!;
    if (result === null) faults++;
    else sequences += result.length;
  }
  return text.replace(westernRuns, (run) => {
    const result = decoded.get(run) ?? null;
    if (result === null) return run;
    const strong = telltaleStart.test(run) || (run.length >= 6 && run.length >= 3 * result.length);
    const weak = faults === 0 && (sequences > 1 || accented.test(result));
    return strong || weak ? result : run;
  });
}

/** What a run of characters from bytes of windows-1252 stood for, or null. */
function decodeWestern(run: string): string | null {
  let current = run;
  for (let depth = 0; depth < 3; depth++) {
    const table = windows1252Bytes();
    const bytes = Uint8Array.from(current, (character) => table.get(character.charCodeAt(0)) ?? 0);
    if (bytes.includes(0)) return null;
    const text = decodeUtf8(bytes);
    if (text === null || text === "") return null;
    if (!unfit.test(text)) return text;
    current = text;
  }
  return null;
}

function repairGbk(text: string): string {
  return text.replace(twoByteRun, (run) => {
    const result = run.length < 3 ? null : decodeGbk(run);
    return result ?? run;
  });
}

function decodeGbk(run: string): string | null {
  const table = gbkBytes();
  const bytes = new Uint8Array(run.length * 2);
  let uncommon = 0;
  for (let index = 0; index < run.length; index++) {
    const unit = run.charCodeAt(index);
    const pair = table[unit]!;
    if (pair === 0) return null;
    bytes[2 * index] = pair >> 8;
    bytes[2 * index + 1] = pair & 0xff;
    if (index === 0 && (pair >> 8 < 0xe2 || pair >> 8 > 0xef)) return null;
    if (!isCommonHan(unit)) uncommon++;
  }
  if (uncommon < 2) return null;
  const text = decodeUtf8(bytes);
  if (text === null || text.length * 3 !== bytes.length) return null;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const punctuation = (unit >= 0x3000 && unit < 0x3040) || (unit >= 0xff00 && unit < 0xff66);
    if (!isCommonHan(unit) && !punctuation && !(unit >= 0x2010 && unit < 0x2040)) return null;
  }
  return text;
}

function repairGbkAsWestern(text: string): string {
  return text.replace(gbkAsWestern, (run) => {
    const bytes = Uint8Array.from(run, (character) => character.charCodeAt(0));
    const decoded = new TextDecoder("gbk").decode(bytes);
    let common = 0;
    for (let index = 0; index < decoded.length; index++) {
      if (isCommonHan(decoded.charCodeAt(index))) common++;
    }
    return common === decoded.length || (common >= 3 && common >= 0.8 * decoded.length)
      ? decoded
      : run;
  });
}
