/** The texts of the statistics reports, in English and Chinese. */

export type ReportLanguage = "en" | "zh";

/** One text in both languages. */
export interface Words {
  en: string;
  zh: string;
}

const words = {
  title: { en: "Training data", zh: "训练数据" },
  overview: { en: "Overview", zh: "概览" },
  notices: { en: "Findings", zh: "值得注意" },
  nothing: { en: "No problems found.", zh: "未发现问题。" },
  rows: { en: "rows", zh: "行" },
  rowsMeasured: { en: "rows measured", zh: "已统计的行" },
  refused: { en: "rejected", zh: "被拒绝" },
  refusedRows: { en: "Rejected rows", zh: "被拒绝的行" },
  reason: { en: "reason", zh: "原因" },
  turns: { en: "Turns per conversation", zh: "每个对话的轮数" },
  turnsMean: { en: "average turns per conversation", zh: "平均轮数" },
  moreReasons: { en: "more reasons", zh: "其余原因" },
  moreFiles: { en: "more files", zh: "其余文件" },
  messages: { en: "messages", zh: "消息" },
  role: { en: "role", zh: "角色" },
  roles: { en: "Messages by role", zh: "各角色的消息" },
  empty: { en: "empty", zh: "空" },
  tokens: { en: "tokens", zh: "词元" },
  tokensEpoch: { en: "tokens per epoch", zh: "每轮（epoch）词元数" },
  characters: { en: "characters", zh: "字符" },
  learnt: { en: "trained on", zh: "参与训练" },
  learntShare: { en: "share trained on", zh: "参与训练的比例" },
  learntHeading: { en: "Share of tokens trained on", zh: "参与训练的词元比例" },
  notLearnt: { en: "context", zh: "仅作上下文" },
  conversationTokens: { en: "Tokens per conversation", zh: "每个对话的词元数" },
  questionTokens: { en: "Tokens per question", zh: "每个提问的词元数" },
  answerTokens: { en: "Tokens per answer", zh: "每个回答的词元数" },
  conversationCharacters: { en: "Characters per conversation", zh: "每个对话的字符数" },
  questionCharacters: { en: "Characters per question", zh: "每个提问的字符数" },
  answerCharacters: { en: "Characters per answer", zh: "每个回答的字符数" },
  median: { en: "median", zh: "中位数" },
  mean: { en: "mean", zh: "平均" },
  longestValue: { en: "longest", zh: "最长" },
  shortestValue: { en: "shortest", zh: "最短" },
  languages: { en: "Languages", zh: "语言" },
  language: { en: "language", zh: "语言" },
  perToken: { en: "characters per token", zh: "每词元字符数" },
  perTokenShort: { en: "chars/token", zh: "字符/词元" },
  pieces: { en: "partial characters", zh: "残缺字符词元" },
  piecesShort: { en: "partial", zh: "残缺" },
  unknown: { en: "unknown", zh: "未知" },
  scripts: { en: "Scripts", zh: "文字" },
  truncation: { en: "Truncation by max_seq_length", zh: "max_seq_length 造成的截断" },
  rowsCut: { en: "rows truncated", zh: "被截断的行" },
  tokensLost: { en: "tokens lost", zh: "丢失的词元" },
  labelsLost: { en: "trained lost", zh: "丢失的训练词元" },
  noLabel: { en: "nothing left to train on", zh: "无可训练内容" },
  noLabelShort: { en: "empty rows", zh: "无可训练" },
  padding: { en: "Share of a batch that is not padding", zh: "批次中非填充的比例" },
  paddedMax: { en: "padded to max_seq_length", zh: "填充到 max_seq_length" },
  paddedLongest: { en: "padded to the longest of a batch", zh: "填充到批内最长" },
  bestFit: { en: "rows filled by best-fit packing", zh: "最佳适配装箱" },
  packed: { en: "packed (as Tunewright trains)", zh: "无填充打包（Tunewright 的做法）" },
  duplicates: { en: "Duplicates (estimate)", zh: "重复（估计）" },
  exactDuplicates: { en: "identical conversations", zh: "完全相同的对话" },
  nearDuplicates: {
    en: "near-duplicates (similarity 0.7 or more)",
    zh: "高度相似（相似度 0.7 以上）",
  },
  promptDuplicates: { en: "same first question", zh: "首个提问相同" },
  largestGroup: { en: "largest group", zh: "最大的一组" },
  example: { en: "for example", zh: "例如" },
  prompts: { en: "Most frequent first questions", zh: "最常见的首个提问" },
  longest: { en: "Longest conversations", zh: "最长的对话" },
  placeholders: { en: "Unreplaced placeholders", zh: "文本中未替换的占位符" },
  specialTokens: { en: "Special tokens in texts", zh: "文本中出现的特殊词元" },
  places: { en: "first occurrences", zh: "最先出现处" },
  files: { en: "Files", zh: "文件" },
  fileCount: { en: "files", zh: "文件" },
  ownTemplate: { en: "the model's own", zh: "模型自带" },
  file: { en: "file", zh: "文件" },
  format: { en: "format", zh: "格式" },
  size: { en: "size", zh: "大小" },
  more: { en: "more", zh: "其余" },
  withSystem: { en: "rows with a system message", zh: "含系统消息的行" },
  withTools: { en: "rows with tools", zh: "含工具的行" },
  mixed: { en: "rows that mix scripts", zh: "混合多种文字的行" },
  tokenizer: { en: "tokenizer", zh: "分词器" },
  template: { en: "template", zh: "模板" },
  share: { en: "share", zh: "比例" },
  count: { en: "count", zh: "数量" },
} as const satisfies Record<string, Words>;

export type WordName = keyof typeof words;

/** The text of a name in both languages. */
export function wordsOf(name: WordName): Words {
  return words[name];
}

const languageNames: Readonly<Record<string, Words>> = {
  zh: { en: "Chinese", zh: "中文" },
  en: { en: "English", zh: "英文" },
  ja: { en: "Japanese", zh: "日文" },
  ko: { en: "Korean", zh: "韩文" },
  fr: { en: "French", zh: "法文" },
  de: { en: "German", zh: "德文" },
  es: { en: "Spanish", zh: "西班牙文" },
  pt: { en: "Portuguese", zh: "葡萄牙文" },
  it: { en: "Italian", zh: "意大利文" },
  ru: { en: "Russian", zh: "俄文" },
  ar: { en: "Arabic", zh: "阿拉伯文" },
  vi: { en: "Vietnamese", zh: "越南文" },
  und: { en: "undetermined", zh: "无法判断" },
};

/** The name of a language by its ISO 639-1 code; for rare languages, the code itself. */
export function languageName(code: string): Words {
  return languageNames[code] ?? { en: code, zh: code };
}

const scriptWords: Readonly<Record<string, Words>> = {
  han: { en: "Chinese characters", zh: "汉字" },
  kana: { en: "kana", zh: "假名" },
  hangul: { en: "hangul", zh: "谚文" },
  latin: { en: "Latin", zh: "拉丁字母" },
  cyrillic: { en: "Cyrillic", zh: "西里尔字母" },
  arabic: { en: "Arabic", zh: "阿拉伯字母" },
  greek: { en: "Greek", zh: "希腊字母" },
  hebrew: { en: "Hebrew", zh: "希伯来字母" },
  thai: { en: "Thai", zh: "泰文" },
  devanagari: { en: "Devanagari", zh: "天城文" },
  letter: { en: "other letters", zh: "其他字母" },
  digit: { en: "digits", zh: "数字" },
  space: { en: "spaces", zh: "空白" },
  symbol: { en: "punctuation", zh: "标点符号" },
};

export function scriptName(script: string): Words {
  return scriptWords[script] ?? { en: script, zh: script };
}
