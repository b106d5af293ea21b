/** The two languages of the page. Each screen keeps its texts beside it, English and Chinese with the same keys. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";

export type Language = "en" | "zh";

/** Texts in both languages; a key that one lacks is a type error. */
export interface Texts<T> {
  en: T;
  zh: { [K in keyof T]: T[K] };
}

const stored = "tunewright.language";
const LanguageContext = createContext<[Language, (language: Language) => void]>(["en", () => {}]);

function initialLanguage(): Language {
  const chosen = localStorage.getItem(stored);
  if (chosen === "en" || chosen === "zh") return chosen;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(initialLanguage);
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  }, [language]);
  const choose = useCallback((chosen: Language) => {
    localStorage.setItem(stored, chosen);
    setLanguage(chosen);
  }, []);
  return <LanguageContext value={[language, choose]}>{children}</LanguageContext>;
}

/** The language and how to change it. */
export function useLanguage(): [Language, (language: Language) => void] {
  return useContext(LanguageContext);
}

/** Texts in the page's language. */
export function useTexts<T>(texts: Texts<T>): T {
  const [language] = useLanguage();
  return texts[language] as T;
}

/** Ties texts of both languages together: `const texts = bothLanguages({ … }, { … })`. */
export function bothLanguages<T>(en: T, zh: { [K in keyof T]: T[K] }): Texts<T> {
  return { en, zh };
}
