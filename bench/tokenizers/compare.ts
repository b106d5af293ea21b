/** Encodes and decodes what reference.py did, and counts the differences: npx tsx bench/tokenizers/compare.ts FOLDER */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pieceType, readSentencePieceModel } from "../../src/format/index.js";
import { loadTokenizer } from "../../src/text/index.js";
import { createTextDecoder, createTextEncoder } from "../../src/text/sentencePiece/index.js";

interface Reference {
  ids: number[][];
  decoded: string[];
  seconds: number;
}

const folder = process.argv[2]!;
const readJson = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
const texts: string[] = readJson("texts.json");
let failed = false;

/** @param seconds of processor time of encoding alone */
function report(name: string, ids: number[][], decoded: string[], seconds: number): void {
  const expected: Reference = readJson(name);
  const differing = texts.filter((_, at) => `${ids[at]}` !== `${expected.ids[at]}`).length;
  const undecoded = texts.filter((_, at) => decoded[at] !== expected.decoded[at]).length;
  failed ||= differing > 0 || undecoded > 0;
  const tokens = ids.reduce((sum, one) => sum + one.length, 0);
  console.log(
    `${name.padEnd(52)} ${tokens} tokens, ${differing} texts differ, ${undecoded} decode otherwise, ${seconds.toFixed(2)} s (the library: ${expected.seconds.toFixed(2)} s)`,
  );
}

for (const name of readdirSync(folder).filter((one) => one.endsWith(".model"))) {
  const model = readSentencePieceModel(readFileSync(join(folder, name)), name);
  const encode = createTextEncoder(model);
  const decode = createTextDecoder(model);
  const shown = (id: number) => {
    if (model.types[id] === pieceType.control) return "";
    return id === model.unknownId ? " ⁇ " : model.pieces[id]!;
  };
  const start = process.cpuUsage();
  const ids = texts.map((text) => {
    const one: number[] = [];
    encode(text, (id) => one.push(id));
    return one;
  });
  const seconds = process.cpuUsage(start).user / 1e6;
  const { ids: known } = readJson(name.replace(".model", ".json")) as Reference;
  const decoded = known.map((one) => decode(one.map(shown)));
  report(name.replace(".model", ".json"), ids, decoded, seconds);
}

const tokenizer = await loadTokenizer(join(folder, "qwen"));
const start = process.cpuUsage();
const ids = (await tokenizer.encodeBatch(texts, { plain: true })).map((one) => [...one]);
const seconds = process.cpuUsage(start).user / 1e6;
const { ids: known } = readJson("qwen/qwen.json") as Reference;
report(
  "qwen/qwen.json",
  ids,
  known.map((one) => tokenizer.decode(one)),
  seconds,
);
process.exitCode = failed ? 1 : 0;
