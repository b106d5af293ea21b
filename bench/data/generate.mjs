// Conversations for the benchmark: seeded, English and Chinese, of very different lengths.

import { once } from "node:events";
import fs from "node:fs";

/** Mulberry32: numbers from 0 to 1. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const syllables =
  "an be ter ing con pro de ment ra ti on al ly er es ble cor sta te men ve pre ab so lu fi ca".split(
    " ",
  );
const common = (
  "the of and to in is that for it as was with be by on not he this are or his from at which but have an had they " +
  "you were their one all we can her has there been if more when will would who so no people time work model data number answer question"
).split(" ");
// From the first of the basic block on, whose characters are the frequent ones of no script order: any will do.
const hanzi = Array.from(
  "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运",
);

/** Words by Zipf's law: a few are most of the text. */
function vocabulary(random, words) {
  const weights = words.map((_, rank) => 1 / (rank + 5));
  const sums = [];
  let total = 0;
  for (const weight of weights) {
    total += weight;
    sums.push(total);
  }
  return () => {
    const wanted = random() * total;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return words[low];
  };
}

/** Makes one conversation after another as lines of JSON. */
export function* conversations(seed) {
  const random = randomNumbers(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const english = vocabulary(random, [
    ...common,
    ...Array.from({ length: 6000 }, () =>
      Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(syllables)).join(""),
    ),
  ]);
  const chinese = vocabulary(
    random,
    Array.from({ length: 6000 }, () =>
      Array.from({ length: 1 + Math.floor(random() * 2.5) }, () => pick(hanzi)).join(""),
    ),
  );
  const sentence = (isChinese) => {
    const words = Array.from(
      { length: 6 + Math.floor(random() * 14) },
      isChinese ? chinese : english,
    );
    if (isChinese) return `${words.join("")}${pick(["。", "！", "？"])}`;
    const text = words.join(" ");
    return `${text[0].toUpperCase()}${text.slice(1)}${pick([".", ".", "!", "?"])}`;
  };
  for (let id = 0; ; id++) {
    const isChinese = random() < 0.5;
    const messages = [];
    const turns = 1 + Math.floor(random() * 8);
    for (let turn = 0; turn < turns; turn++) {
      const text = (most) => {
        const count = 1 + Math.floor(random() ** 2 * most);
        return Array.from({ length: count }, () => sentence(isChinese)).join(isChinese ? "" : " ");
      };
      messages.push({ role: "user", content: text(6) }, { role: "assistant", content: text(60) });
    }
    yield `${JSON.stringify({ id: `row-${id}`, messages })}\n`;
  }
}

/** Writes at least `rows` conversations and `bytes` bytes. */
export async function writeFile(file, rows, bytes, seed) {
  const stream = fs.createWriteStream(file);
  let written = 0;
  let count = 0;
  let part = "";
  for (const line of conversations(seed)) {
    part += line;
    count++;
    if (part.length > 1 << 20) {
      written += Buffer.byteLength(part);
      if (!stream.write(part)) await once(stream, "drain");
      part = "";
    }
    if (count >= rows && written >= bytes) break;
  }
  stream.end(part);
  await once(stream, "finish");
  return { rows: count, bytes: fs.statSync(file).size };
}
