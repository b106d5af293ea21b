import { describe, expect, it } from "vitest";
import { formatValue, scaleOf } from "../../util/scale.js";
import { drawInTerminal, drawPage, drawSvgFile, smoothCurve, thinCurve } from "./index.js";
import type { Curve } from "./types.js";

const rising: Curve = { run: "one", x: [0, 1, 2, 3], y: [0, 1, 2, 3] };
const panel = (...curves: Curve[]) => ({ metric: "train/loss", xLabel: "step", curves });

describe("in the terminal", () => {
  const options = { columns: 20, rows: 4, isColoured: false, isLogarithmic: false };

  it("draws one run in dots, from corner to corner, with its ends on both axes", () => {
    expect(drawInTerminal(panel(rising), options)).toEqual([
      "train/loss",
      "3 ┤            ⢀⡠⠔⠊",
      "  │        ⣀⠤⠒⠊⠁",
      "  │    ⣀⠤⠒⠉",
      "0 ┤⣀⠤⠒⠉",
      "  └────────────────",
      "   0     step     3",
      "  ⣿ one: last 3, lowest 0",
    ]);
  });

  it("tells runs apart by letters where there are no colours, and by colours where there are", () => {
    const falling = { run: "two", x: [0, 3], y: [3, 0] };
    const letters = drawInTerminal(panel(rising, falling), options);
    expect(letters[1]).toMatch(/┤b+ +a+$/);
    expect(letters.slice(-2)).toEqual(["  a one: last 3, lowest 0", "  b two: last 0, lowest 0"]);
    const colours = drawInTerminal(panel(rising, falling), { ...options, isColoured: true });
    const shown = colours[1]?.replaceAll("\x1b", "ESC");
    expect(shown).toMatch(/┤ESC\[33m[⠀-⣿]+ESC\[0m +ESC\[36m[⠀-⣿]+ESC\[0m$/);
  });

  it("leaves a gap at a value that is not finite, and says how many there are", () => {
    const broken = { run: "one", x: [0, 1, 2, 3], y: [1, Number.NaN, Number.POSITIVE_INFINITY, 1] };
    const lines = drawInTerminal(panel(broken), options);
    expect(lines.join("\n")).toMatch(/[⠁-⣿] {11}[⠁-⣿]/);
    expect(lines.at(-1)).toBe("  ⣿ one: last 1, lowest 1, 2 not finite");
  });

  it("draws something for a run without the metric, one point, or none at all", () => {
    const none = drawInTerminal(panel({ run: "one", x: [], y: [] }), options);
    expect(none.at(-1)).toBe("  ⣿ one: nothing recorded");
    const point = drawInTerminal(panel({ run: "one", x: [5], y: [2] }), options);
    expect(point.join("\n")).toMatch(/[⠁-⣿]/);
  });
});

describe("scales", () => {
  it("has round ticks inside its range", () => {
    expect(scaleOf([0.13, 0.97], 5).ticks.map(formatValue)).toEqual(["0.5"]);
    expect(scaleOf([0, 10], 6).ticks).toEqual([0, 2, 4, 6, 8, 10]);
    expect(scaleOf([1e-6, 1e-1], 6, true).ticks.map(formatValue)).toEqual([
      "1e-6",
      "1e-5",
      "1e-4",
      "0.001",
      "0.01",
      "0.1",
    ]);
  });

  it("leaves out what a logarithm cannot show", () => {
    expect(scaleOf([-1, 0, 1, 100], 3, true)).toMatchObject({ low: 1, high: 100 });
  });

  it.each([
    [0, "0"],
    [2e-5, "2e-5"],
    [0.98765, "0.9877"],
    [12_345, "12.35k"],
    [1.5e9, "1.5G"],
    [Number.NaN, "NaN"],
  ])("writes %d as %s", (value, text) => expect(formatValue(value)).toBe(text));
});

describe("fewer or calmer points", () => {
  it("keeps the extremes and the values that are not finite", () => {
    const x = Array.from({ length: 10_000 }, (_, i) => i);
    const y = x.map((i) => (i === 5001 ? 99 : i === 7003 ? Number.NaN : Math.sin(i)));
    const thin = thinCurve({ run: "one", x, y }, 500);
    expect(thin.x.length).toBeLessThan(520);
    expect(thin.x).toContain(5001);
    expect(thin.x).toContain(7003);
    expect(thin.x).toEqual([...thin.x].sort((a, b) => a - b));
  });

  it("smooths as TensorBoard, from the first value on", () => {
    const curve = { run: "one", x: [0, 1, 2], y: [4, Number.NaN, 2] };
    const { y } = smoothCurve(curve, 0.5);
    expect(y).toEqual([4, Number.NaN, (0.5 * 2 + 0.5 * 2) / 0.75]);
  });
});

describe("files", () => {
  const evil = { ...rising, run: '</script><img src=x onerror="alert(1)">' };
  const chart = { panel: panel(evil), isLogarithmic: false };

  it("lets no name out of its place, and loads nothing from elsewhere", () => {
    const page = drawPage("curves", [{ name: evil.run, note: "done" }], [chart]);
    expect(page).not.toContain("<img");
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toMatch(/(?:src|href)="(?!data:)|url\(|@import/);
    const svg = drawSvgFile([evil.run], [chart]);
    expect(svg).not.toContain("<img");
  });

  it("draws a line through every point, in the plot area", () => {
    const svg = drawSvgFile(["one"], [{ panel: panel(rising), isLogarithmic: false }]);
    expect(svg).toContain('d="M64 260h.1L224 184L384 108L544 32"');
  });
});
