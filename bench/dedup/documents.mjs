// Documents made from word lists and a seed, with near duplicates planted in them at known edit rates.

const ENGLISH = {
  nouns:
    "river market teacher engine letter garden window signal harbor recipe library mountain contract kitchen theatre battery village bridge forest camera pocket blanket station journal planet ladder mirror orchard needle hammer island carpet violin lantern compass kettle basket anchor feather tunnel",
  verbs:
    "carries repairs describes follows measures paints borrows collects explains replaces gathers protects compares delivers answers watches divides prepares remembers improves",
  adjectives:
    "quiet broken narrow golden distant careful wooden sudden honest bitter ancient gentle hollow bright crowded frozen modern patient simple uneven",
  others:
    "because although before after whenever while near behind under beyond without toward several every another",
};
const CHINESE = {
  nouns:
    "河流 市场 老师 发动机 信件 花园 窗户 信号 港口 食谱 图书馆 高山 合同 厨房 剧院 电池 村庄 大桥 森林 相机 口袋 毛毯 车站 日记 行星 梯子 镜子 果园 针线 锤子 岛屿 地毯 提琴 灯笼 罗盘 水壶 篮子 船锚 羽毛 隧道",
  verbs:
    "运送 修理 描述 跟随 测量 绘制 借用 收集 解释 更换 聚集 保护 比较 递交 回答 观察 划分 准备 记得 改进",
  adjectives:
    "安静的 破旧的 狭窄的 金色的 遥远的 细心的 木制的 突然的 诚实的 苦涩的 古老的 温和的 空心的 明亮的 拥挤的 结冰的 现代的 耐心的 简单的 不平的",
  others: "因为 虽然 以前 以后 每当 同时 附近 后面 下面 之外 没有 朝向 几个 每个 另一个",
};

/** Shares of the words that are replaced in a planted copy. */
export const EDIT_RATES = [0, 0.01, 0.02, 0.05, 0.1, 0.2];

/** SplitMix32: a seeded generator of numbers from 0 to below 1. */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let bits = state ^ (state >>> 16);
    bits = Math.imul(bits, 0x21f0aaad);
    bits ^= bits >>> 15;
    bits = Math.imul(bits, 0x735a2d97);
    return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
  };
}

const split = (lists) =>
  Object.fromEntries(Object.entries(lists).map(([name, words]) => [name, words.split(" ")]));
const WORDS = { english: split(ENGLISH), chinese: split(CHINESE) };
const PATTERN = ["adjectives", "nouns", "verbs", "others", "adjectives", "nouns"];

export function words(language, count, random) {
  const lists = WORDS[language];
  return Array.from({ length: count }, (_, index) => {
    const list = lists[PATTERN[index % PATTERN.length]];
    return list[Math.floor(random() * list.length)];
  });
}

/** Sentences of six to eighteen words; the lengths hang on the seed alone, so that edits keep them. */
function render(list, language, seed) {
  const random = generator(seed);
  const joint = language === "english" ? " " : "";
  const [comma, stop] = language === "english" ? [", ", ". "] : ["，", "。"];
  let text = "";
  for (let at = 0; at < list.length; ) {
    const length = 4 + Math.floor(random() * 6);
    text += list.slice(at, at + length).join(joint);
    at += length;
    text += at >= list.length || random() < 0.5 ? stop : comma;
  }
  return text.trim();
}

/**
 * `count` documents, a fifth of them copies of one of the others.
 * @returns rows `{ text }`, and for each copy `{ row, original, rate, language }`
 */
export function makeDocuments(count, seed = 1) {
  const random = generator(seed);
  const originals = Math.ceil(count * 0.8);
  const documents = Array.from({ length: originals }, (_, id) => {
    const language = id % 2 === 0 ? "english" : "chinese";
    const length = 60 + Math.floor(random() * 240);
    return {
      id,
      language,
      list: words(language, length, random),
      layout: Math.floor(random() * 2 ** 32),
    };
  });
  const entries = documents.map((document) => ({ document, list: document.list }));
  for (let copy = originals; copy < count; copy++) {
    const document = documents[Math.floor(random() * originals)];
    const rate = EDIT_RATES[copy % EDIT_RATES.length];
    const others = words(document.language, document.list.length, random);
    const list = document.list.map((word, index) => (random() < rate ? others[index] : word));
    entries.push({ document, list, rate });
  }
  for (let last = entries.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [entries[last], entries[other]] = [entries[other], entries[last]];
  }
  const places = new Map();
  entries.forEach(({ document, rate }, row) => {
    if (rate === undefined) places.set(document.id, row);
  });
  return {
    rows: entries.map(({ document, list }) => ({
      text: render(list, document.language, document.layout),
    })),
    copies: entries.flatMap(({ document, rate }, row) =>
      rate === undefined
        ? []
        : [{ row, original: places.get(document.id), rate, language: document.language }],
    ),
    /** Of each row: the document that it comes from. */
    sources: entries.map(({ document }) => document.id),
  };
}
