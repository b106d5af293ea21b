import { lazy, Suspense, useEffect } from "react";
import { followServer } from "../api/live";
import { bothLanguages, type Language, useLanguage, useTexts } from "../language";
import { Empty, Loading } from "../ui";
import { KeyDialog } from "./KeyDialog";
import { addressOf, useRoute } from "./route";
import { ConnectionBanner, EngineState } from "./ServerState";
import { type Theme, useTheme } from "./theme";
import { useScreenTitle } from "./title";

const screens = {
  runs: lazy(() => import("../runs")),
  data: lazy(() => import("../data")),
  chat: lazy(() => import("../chat")),
  results: lazy(() => import("../results")),
} as const;

type ScreenName = keyof typeof screens;

const texts = bothLanguages(
  {
    runs: "Runs",
    data: "Data",
    chat: "Chat",
    results: "Results",
    skip: "Skip to the content",
    language: "Language",
    theme: "Appearance",
    system: "As the system",
    light: "Light",
    dark: "Dark",
    screens: "Screens",
    nothing: "There is no such page",
    back: "Go to the runs",
    api: "API",
  },
  {
    runs: "训练",
    data: "数据",
    chat: "对话",
    results: "评测",
    skip: "跳到正文",
    language: "语言",
    theme: "外观",
    system: "跟随系统",
    light: "浅色",
    dark: "深色",
    screens: "页面",
    nothing: "没有这个页面",
    back: "查看训练",
    api: "接口",
  },
);

export function App() {
  const t = useTexts(texts);
  const { screen } = useRoute();
  const Screen = Object.hasOwn(screens, screen) ? screens[screen as ScreenName] : null;
  useEffect(followServer, []);
  useScreenTitle(Screen ? t[screen as ScreenName] : t.nothing);
  return (
    <div className="app">
      <button type="button" className="skip-link" onClick={skipToContent}>
        {t.skip}
      </button>
      <header className="sidebar">
        <a className="brand" href={addressOf(["runs"])}>
          <img src="./icon.svg" width="28" height="28" alt="" />
          Tunewright
        </a>
        <nav aria-label={t.screens}>
          {(Object.keys(screens) as ScreenName[]).map((name) => (
            <a
              key={name}
              href={addressOf([name])}
              aria-current={name === screen ? "page" : undefined}
            >
              {t[name]}
            </a>
          ))}
          <a href="./docs">{t.api}</a>
        </nav>
        <Settings />
      </header>
      <main className="screen" id="content" tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          {Screen ? (
            <Screen />
          ) : (
            <Empty title={t.nothing}>
              <a href={addressOf(["runs"])}>{t.back}</a>
            </Empty>
          )}
        </Suspense>
      </main>
      <ConnectionBanner />
      <KeyDialog />
    </div>
  );
}

/** The hash is the route, so this is no link. */
function skipToContent() {
  document.getElementById("content")?.focus();
}

function Settings() {
  const t = useTexts(texts);
  const [language, setLanguage] = useLanguage();
  const [theme, setTheme] = useTheme();
  return (
    <div className="settings">
      <EngineState />
      <select
        className="input"
        aria-label={t.language}
        value={language}
        onChange={(event) => setLanguage(event.target.value as Language)}
      >
        <option value="en">English</option>
        <option value="zh">中文</option>
      </select>
      <select
        className="input"
        aria-label={t.theme}
        value={theme}
        onChange={(event) => setTheme(event.target.value as Theme)}
      >
        <option value="system">{t.system}</option>
        <option value="light">{t.light}</option>
        <option value="dark">{t.dark}</option>
      </select>
    </div>
  );
}
