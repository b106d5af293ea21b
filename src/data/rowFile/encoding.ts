/** Texts that are not UTF-8: finding it out, and reading them. */
import { ConfigError, DataError } from "../../util/errors.js";

const mostCommonChinese =
  "的一是不了在人有我他这这個个們们中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發后後作里裡用道行所然家种種事成方多";

/** Encodings that are guessed, and which characters texts in them are full of. */
const candidates: readonly { name: string; iconv: string; usual: RegExp }[] = [
  { name: "gb18030", iconv: "GB18030", usual: new RegExp(`[${mostCommonChinese}，。、]`, "gu") },
  { name: "big5", iconv: "BIG5", usual: new RegExp(`[${mostCommonChinese}，。、]`, "gu") },
  { name: "shift_jis", iconv: "SHIFT_JIS", usual: /[ぁ-んァ-ヶ]/gu },
  { name: "euc-jp", iconv: "EUC-JP", usual: /[ぁ-んァ-ヶ]/gu },
  {
    name: "euc-kr",
    iconv: "CP949",
    usual: /[이다는을를가의에고하지은로한도사그기나어니시자리서해]/gu,
  },
];

/** From this share of usual characters on, a guess is believed. */
const plausibleShare = 0.1;

const knownEncodings = ["gb18030", "big5", "utf-16le", "utf-16be", "shift_jis", "euc-kr"];

/** A decoder that throws for bytes that are not of its encoding; it drops a byte order mark. */
export function strictDecoder(encoding: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new ConfigError(`--encoding ${encoding}: unknown encoding`, {
      todo: `use ${knownEncodings.join(", ")} or another name from the WHATWG Encoding Standard`,
      cause,
    });
  }
}

/**
 * Refuses a file whose beginning says that all of it is in another encoding. Single rows that are
 * not UTF-8 are left to whoever reads them.
 * @param sample the file's first bytes, a megabyte or so
 * @param packing how the file is compressed
 * @throws DataError with the command that converts the file
 */
export function refuseOtherEncoding(sample: Buffer, file: string, packing?: "gzip" | "zstd"): void {
  const found = otherEncoding(sample);
  if (found === undefined) return;
  const { name, iconv } = found;
  const path = /^[\w./+:@%-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
  const convert = `iconv -f ${iconv} -t UTF-8`;
  const unpack = packing === "gzip" ? "gunzip -c" : "unzstd -c";
  const command = packing === undefined ? `${convert} ${path}` : `${unpack} ${path} | ${convert}`;
  throw new DataError(`${file} is ${encodingTitle(name)}`, {
    why: "files must be UTF-8",
    todo: `convert it: ${command} > utf8.jsonl; data commands also accept --encoding ${name}`,
  });
}

function encodingTitle(name: string): string {
  return name.startsWith("utf-16") ? "UTF-16" : `not UTF-8 but apparently ${name.toUpperCase()}`;
}

/** Undefined for UTF-8, and where too little of the text is in another known encoding. */
function otherEncoding(sample: Buffer): { name: string; iconv: string } | undefined {
  const wide = wideEncoding(sample);
  if (wide) return { name: wide, iconv: wide.toUpperCase() };
  if (isUtf8(sample)) return undefined;
  const count = { lines: 0, beyondAscii: 0, broken: 0 };
  for (const line of linesOf(sample)) {
    count.lines++;
    if (line.every((byte) => byte < 0x80)) continue;
    count.beyondAscii++;
    if (!isUtf8(line)) count.broken++;
  }
  const isEvident = count.broken >= 3 || count.broken >= count.lines / 2;
  if (!isEvident || count.broken < count.beyondAscii * 0.8) return undefined;
  const [best] = candidates
    .map(({ name, iconv, usual }) => ({ name, iconv, share: usualShare(sample, name, usual) }))
    .sort((a, b) => b.share - a.share);
  return best && best.share >= plausibleShare ? best : undefined;
}

/** UTF-16 by its byte order mark, or by the zeros beside ASCII characters. */
function wideEncoding(sample: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (sample[0] === 0xff && sample[1] === 0xfe) return "utf-16le";
  if (sample[0] === 0xfe && sample[1] === 0xff) return "utf-16be";
  const start = sample.subarray(0, 4);
  if (start.length < 4) return undefined;
  const zeros = start.reduce((bits, byte) => bits * 2 + (byte === 0 ? 1 : 0), 0);
  if (zeros === 0b0101) return "utf-16le";
  return zeros === 0b1010 ? "utf-16be" : undefined;
}

/** Whether the bytes are UTF-8 but for a character that their end cuts. */
function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function* linesOf(bytes: Buffer): Generator<Buffer> {
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at);
    yield bytes.subarray(at, end === -1 ? bytes.length : end);
    if (end === -1) return;
    at = end + 1;
  }
}

/** Share of usual characters among those that are not ASCII; 0 where the encoding does not fit. */
function usualShare(sample: Buffer, encoding: string, usual: RegExp): number {
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(sample.subarray(0, 1 << 18), {
      stream: true,
    });
  } catch {
    return 0;
  }
  const others = text.match(/[^\0-\x7f]/gu)?.length ?? 0;
  return others === 0 ? 0 : (text.match(usual)?.length ?? 0) / others;
}
