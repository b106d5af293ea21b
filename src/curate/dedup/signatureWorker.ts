/** What a thread does: reads rows of a file and makes their records. */
import { type ConversationSource, type WholeRow, writeConversation } from "../../data/index.js";
import { DataError } from "../../util/errors.js";
import { comparedDigest, comparedText, sizeOf } from "./comparedText.js";
import { type SignatureParameters, signatureWords } from "./parameters.js";
import { type PartWork, partSetup, workOnFiles } from "./partPool.js";
import { readRows } from "./readRows.js";
import { recordBytes, recordFields, recordHead } from "./signatureFile.js";
import { signer } from "./signatures.js";
import type { FilePart } from "./sourceFiles.js";

export interface RefusedRow {
  file: string;
  line: number;
  reason: string;
  why: string | undefined;
}

export interface PartRecords {
  /** Records of the part's rows. */
  records: Uint8Array<ArrayBuffer>;
  refused: RefusedRow[];
  /** Rows that have Han characters where they begin. */
  hanRows: number;
}

/** Characters of texts that are kept until their signatures are made. */
const waitingCharacters = 1 << 20;

/** Characters of a text in which Han is looked for. */
const seenCharacters = 100;

export interface SignatureSettings {
  parameters: SignatureParameters;
  /** Hashes of shingles without weight. */
  common: BigUint64Array;
}

export function makePart({
  parameters,
  common,
}: SignatureSettings): PartWork<FilePart, PartRecords> {
  const sign = signer(parameters, common);
  return workOnFiles(parameters.reading, (source, part: FilePart) =>
    makeRecords(source, part, parameters, sign),
  );
}

export const setup = partSetup(makePart, ({ records }) => [records.buffer]);

async function makeRecords(
  source: ConversationSource,
  { file, from, to }: FilePart,
  parameters: SignatureParameters,
  sign: ReturnType<typeof signer>,
): Promise<PartRecords> {
  const size = recordBytes(parameters);
  const words = signatureWords(parameters);
  const records = Buffer.from(new ArrayBuffer((to - from) * size));
  const refused: RefusedRow[] = [];
  const texts: string[] = [];
  const rows: number[] = [];
  let waiting = 0;
  let hanRows = 0;
  const makeSignatures = () => {
    const signatures = new Uint8Array(sign(texts).buffer);
    for (const [index, row] of rows.entries()) {
      const signature = signatures.subarray(4 * words * index, 4 * words * (index + 1));
      records.set(signature, (row - from) * size + recordHead);
    }
    texts.length = 0;
    rows.length = 0;
    waiting = 0;
  };
  for await (const [row, read] of readRows(source, numbers(from, to))) {
    const record = records.subarray((row - from) * size);
    const { line } = source.place(row);
    record.writeUInt32LE(line, recordFields.line);
    const whole = read instanceof DataError ? read : writable(read);
    if (whole instanceof DataError) {
      record.writeUInt32LE(1, recordFields.state);
      refused.push({ file, line, reason: whole.message, why: whole.why });
      continue;
    }
    comparedDigest(whole, parameters.by).copy(record);
    const { length, turns } = sizeOf(whole);
    record.writeUInt32LE(length, recordFields.length);
    record.writeUInt32LE(turns, recordFields.turns);
    if (words > 0) {
      const text = comparedText(whole, parameters);
      if (/\p{Script=Han}/u.test(text.slice(0, seenCharacters))) hanRows++;
      texts.push(text);
      rows.push(row);
      waiting += text.length;
      if (waiting > waitingCharacters) makeSignatures();
    }
  }
  makeSignatures();
  return { records, refused, hanRows };
}

/** A row that cannot be written must not stand for others: it comes as its error. */
function writable(whole: WholeRow): WholeRow | DataError {
  // Only keys of its own are in the way of the canonical form.
  if (!whole.pair && Object.keys(whole.rest).length === 0) return whole;
  try {
    writeConversation(whole);
    return whole;
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

function* numbers(from: number, to: number): Generator<number> {
  for (let row = from; row < to; row++) yield row;
}
