/** What a thread does: reads rows of a file and makes their records. */
import { DataError } from "../../util/errors.js";
import { Transferred, type WorkerSetup } from "../../util/workerPool.js";
import { type ConversationSource, openConversations } from "../conversationSource.js";
import { comparedDigest, comparedText, sizeOf } from "./comparedText.js";
import { type SignatureParameters, signatureWords } from "./parameters.js";
import { readRows } from "./readRows.js";
import { recordBytes, recordFields, recordHead } from "./signatureFile.js";
import { signer } from "./signatures.js";
import { type FilePart, readLeniently } from "./sourceFiles.js";

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

/** Characters of a text in which Han is looked for. */
const seenCharacters = 100;

export const setup: WorkerSetup<SignatureParameters, FilePart, PartRecords> = (parameters) => {
  const { run } = makePart(parameters);
  return async (part) => {
    const result = await run(part);
    return new Transferred(result, [result.records.buffer]);
  };
};

/** Does one part after the other; the file of the last one stays open. */
export function makePart(parameters: SignatureParameters): {
  run(part: FilePart): Promise<PartRecords>;
  close(): Promise<void>;
} {
  const sign = signer(parameters);
  let opened: { file: string; source: ConversationSource } | undefined;
  const close = async () => {
    await opened?.source.close();
    opened = undefined;
  };
  return {
    async run(part) {
      if (opened?.file !== part.file) {
        await close();
        const options = { ...parameters.reading, ...readLeniently };
        opened = { file: part.file, source: await openConversations([part.file], options) };
      }
      return makeRecords(opened.source, part, parameters, sign);
    },
    close,
  };
}

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
  let hanRows = 0;
  for await (const [row, whole] of readRows(source, numbers(from, to))) {
    const record = records.subarray((row - from) * size);
    const { line } = source.place(row);
    record.writeUInt32LE(line, recordFields.line);
    if (whole instanceof DataError) {
      record.writeUInt32LE(1, recordFields.state);
      refused.push({ file, line, reason: whole.message, why: whole.why });
      continue;
    }
    comparedDigest(whole, parameters.by).copy(record);
    const { length, turns } = sizeOf(whole);
    record.writeUInt32LE(length, recordFields.length);
    record.writeUInt32LE(turns, recordFields.turns);
    const text = comparedText(whole, parameters.by);
    if (words > 0) {
      if (/\p{Script=Han}/u.test(text.slice(0, seenCharacters))) hanRows++;
      texts.push(text);
      rows.push(row);
    }
  }
  const signatures = new Uint8Array(sign(texts).buffer);
  for (const [index, row] of rows.entries()) {
    const signature = signatures.subarray(4 * words * index, 4 * words * (index + 1));
    records.set(signature, (row - from) * size + recordHead);
  }
  return { records, refused, hanRows };
}

function* numbers(from: number, to: number): Generator<number> {
  for (let row = from; row < to; row++) yield row;
}
