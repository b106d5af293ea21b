/** Light, dark, or as the system says. */
import { useCallback, useState } from "react";

export type Theme = "system" | "light" | "dark";

const stored = "tunewright.theme";

function storedTheme(): Theme {
  const theme = localStorage.getItem(stored);
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** Applies the theme that was chosen before, at the first paint. */
export function applyTheme(theme: Theme = storedTheme()): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  // Charts are drawn on canvases, which do not follow by themselves.
  dispatchEvent(new Event("themechange"));
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(storedTheme);
  const choose = useCallback((chosen: Theme) => {
    localStorage.setItem(stored, chosen);
    setTheme(chosen);
    applyTheme(chosen);
  }, []);
  return [theme, choose];
}
