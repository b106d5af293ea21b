/** The words of the statistics' reports, in English and Chinese. */

export type ReportLanguage = "en" | "zh";

/** One text in both languages. */
export interface Words {
  en: string;
  zh: string;
}

const words = {
  title: { en: "Training data", zh: "训练数据" },
  overview: { en: "Overview", zh: "概览" },
  notices: { en: "What stands out", zh: "值得注意" },
  nothing: { en: "Nothing out of the ordinary.", zh: "没有异常。" },
  rows: { en: "rows", zh: "行" },
  rowsMeasured: { en: "rows looked at", zh: "已统计的行" },
  refused: { en: "refused", zh: "被拒绝" },
  refusedRows: { en: "Refused rows", zh: "被拒绝的行" },
  reason: { en: "reason", zh: "原因" },
  turns: { en: "Turns of a conversation", zh: "每个对话的轮数" },
  turnsMean: { en: "turns of a conversation, on average", zh: "平均轮数" },
  moreReasons: { en: "more reasons", zh: "其余原因" },
  moreFiles: { en: "more files", zh: "其余文件" },
  messages: { en: "messages", zh: "消息" },
  role: { en: "role", zh: "角色" },
  roles: { en: "Messages by role", zh: "各角色的消息" },
  empty: { en: "empty", zh: "空" },
  tokens: { en: "tokens", zh: "词元" },
  tokensEpoch: { en: "tokens an epoch", zh: "每轮训练的词元" },
  characters: { en: "characters", zh: "字符" },
  learnt: { en: "learnt", zh: "参与学习" },
  learntShare: { en: "share that is learnt", zh: "参与学习的比例" },
  learntHeading: { en: "Share that is learnt", zh: "参与学习的比例" },
  notLearnt: { en: "context", zh: "仅作上下文" },
  conversationTokens: { en: "Tokens of a conversation", zh: "每个对话的词元数" },
  questionTokens: { en: "Tokens of a question", zh: "每个提问的词元数" },
  answerTokens: { en: "Tokens of an answer", zh: "每个回答的词元数" },
  conversationCharacters: { en: "Characters of a conversation", zh: "每个对话的字符数" },
  questionCharacters: { en: "Characters of a question", zh: "每个提问的字符数" },
  answerCharacters: { en: "Characters of an answer", zh: "每个回答的字符数" },
  median: { en: "median", zh: "中位数" },
  mean: { en: "mean", zh: "平均" },
  longestValue: { en: "longest", zh: "最长" },
  shortestValue: { en: "shortest", zh: "最短" },
  languages: { en: "Languages", zh: "语言" },
  language: { en: "language", zh: "语言" },
  perToken: { en: "characters per token", zh: "每词元字符数" },
  perTokenShort: { en: "chars/token", zh: "字符/词元" },
  pieces: { en: "pieces of characters", zh: "残缺字符词元" },
  piecesShort: { en: "pieces", zh: "残缺" },
  unknown: { en: "unknown", zh: "未知" },
  scripts: { en: "Scripts", zh: "文字" },
  truncation: { en: "What max_seq_length cuts", zh: "max_seq_length 会截掉多少" },
  rowsCut: { en: "rows cut", zh: "被截断的行" },
  tokensLost: { en: "tokens lost", zh: "丢失的词元" },
  labelsLost: { en: "learnt lost", zh: "丢失的学习词元" },
  noLabel: { en: "nothing left to learn", zh: "无可学习内容" },
  noLabelShort: { en: "empty rows", zh: "无可学习" },
  padding: { en: "Share of a batch that is no padding", zh: "批次中非填充的比例" },
  paddedMax: { en: "padded to max_seq_length", zh: "填充到 max_seq_length" },
  paddedLongest: { en: "padded to the longest of a batch", zh: "填充到批内最长" },
  bestFit: { en: "rows filled by best fit", zh: "最佳适配装箱" },
  packed: { en: "packed, as trained here", zh: "紧密打包（本程序）" },
  duplicates: { en: "Duplicates (estimate)", zh: "重复（估计）" },
  exactDuplicates: { en: "the same conversation again", zh: "完全相同的对话" },
  nearDuplicates: { en: "much the same (similarity from 0.7)", zh: "高度相似（相似度 0.7 以上）" },
  promptDuplicates: { en: "the same first question again", zh: "首个提问相同" },
  largestGroup: { en: "largest group", zh: "最大的一组" },
  example: { en: "for example", zh: "例如" },
  prompts: { en: "Most frequent first questions", zh: "最常见的首个提问" },
  longest: { en: "Longest conversations", zh: "最长的对话" },
  placeholders: { en: "Placeholders left in texts", zh: "文本中遗留的占位符" },
  specialTokens: { en: "Special tokens inside texts", zh: "文本中出现的特殊词元" },
  places: { en: "first places", zh: "最先出现处" },
  files: { en: "Files", zh: "文件" },
  fileCount: { en: "files", zh: "文件" },
  ownTemplate: { en: "the model's own", zh: "模型自带" },
  file: { en: "file", zh: "文件" },
  format: { en: "format", zh: "格式" },
  size: { en: "size", zh: "大小" },
  more: { en: "more", zh: "其余" },
  withSystem: { en: "rows with a system message", zh: "含系统消息的行" },
  withTools: { en: "rows with tools", zh: "含工具的行" },
  mixed: { en: "rows that mix scripts", zh: "中外文混合的行" },
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

/** The name of a language by its ISO 639-1 code, and the code itself where it is not a frequent one. */
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
