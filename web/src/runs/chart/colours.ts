/** Colours of the style's tokens, as canvases need them: resolved for the theme that is shown. */
import { useEffect, useState } from "react";

const named = ["ink", "ink-soft", "line", "surface", "bad", "warn"] as const;

/** Colours for series; with dashes, 18 can be told apart. */
const seriesColours = 6;

export type Colours = Record<(typeof named)[number], string> & { series: string[] };

function resolve(): Colours {
  const colours = Object.fromEntries(named.map((name) => [name, colourOf(name)]));
  const series = Array.from({ length: seriesColours }, (_, i) => colourOf(`series-${i + 1}`));
  return { ...colours, series } as Colours;
}

/** An element for each: changed in place, a colour would be asked for in the middle of its transition. */
function colourOf(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** @returns the colours of now; others when the theme changes */
export function useColours(): Colours {
  const [colours, setColours] = useState(resolve);
  useEffect(() => {
    const again = () => setColours(resolve());
    const dark = matchMedia("(prefers-color-scheme: dark)");
    addEventListener("themechange", again);
    dark.addEventListener("change", again);
    return () => {
      removeEventListener("themechange", again);
      dark.removeEventListener("change", again);
    };
  }, []);
  return colours;
}

/** The token of a series' colour, for styles. */
export function seriesColour(index: number): string {
  return `var(--series-${(index % seriesColours) + 1})`;
}

/** Dash pattern of a series in pixels: those that share a colour differ. */
export function seriesDash(index: number): number[] {
  return [[], [8, 4], [2, 3]][Math.floor(index / seriesColours) % 3]!;
}
