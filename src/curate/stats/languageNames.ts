/** Names of languages in English and Chinese. */

/** One text in both languages. */
export interface Words {
  en: string;
  zh: string;
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
