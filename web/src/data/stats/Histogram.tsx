import { bothLanguages, useTexts } from "../../language";
import { useFormats } from "../../ui";
import type { LengthReport } from "./report";

const texts = bothLanguages(
  {
    bin: (range: string, count: string, share: string) => `${range}: ${count} (${share})`,
    summary: (median: string, p90: string, longest: string) =>
      `Half are at most ${median}, nine of ten at most ${p90}, the longest has ${longest}.`,
    median: "median",
    longest: "longest",
    mean: "mean",
  },
  {
    bin: (range: string, count: string, share: string) => `${range}：${count}（${share}）`,
    summary: (median: string, p90: string, longest: string) =>
      `一半不超过 ${median}，九成不超过 ${p90}，最长 ${longest}。`,
    median: "中位数",
    longest: "最长",
    mean: "平均",
  },
);

const width = 480;
const height = 150;
const ground = 128;
const top = 18;

/** How lengths spread: columns, with lines where half and nine of ten are shorter. */
export function Histogram({ lengths }: { lengths: LengthReport }) {
  const t = useTexts(texts);
  const { count, decimal, percent } = useFormats();
  const { histogram, p50, p90, max, mean } = lengths;
  const highest = Math.max(...histogram.map((bin) => bin.count));
  const column = Math.min(width / histogram.length, 64);
  const range = (bin: LengthReport["histogram"][number]) =>
    bin.to === null
      ? `≥ ${count(bin.from)}`
      : bin.to === bin.from + 1
        ? count(bin.from)
        : `${count(bin.from)}–${count(bin.to - 1)}`;
  const every = Math.ceil(histogram.length / 6);
  return (
    <figure className="histogram">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={t.summary(count(p50), count(p90), count(max))}
      >
        {histogram.map((bin, index) => {
          const tall = bin.count === 0 ? 0 : Math.max(2, (bin.count / highest) * (ground - top));
          return (
            <rect
              key={bin.from}
              className="column"
              x={index * column + 1}
              y={ground - tall}
              width={Math.max(1, column - 2)}
              height={tall}
              rx="2"
            >
              <title>
                {t.bin(range(bin), count(bin.count), percent(bin.count / lengths.count))}
              </title>
            </rect>
          );
        })}
        <line className="ground" x1="0" x2={width} y1={ground} y2={ground} />
        {[p50, p90].map((value, index) => {
          const x = positionOf(histogram, value) * column;
          return (
            <g key={index === 0 ? "p50" : "p90"}>
              <line className="mark" x1={x} x2={x} y1={top - 4} y2={ground} />
              {(index === 0 || x - positionOf(histogram, p50) * column > 40) && (
                <text className="mark" x={Math.min(x, width - 14)} y="10" textAnchor="middle">
                  {index === 0 ? "50 %" : "90 %"}
                </text>
              )}
            </g>
          );
        })}
        {histogram.map((bin, index) =>
          index % every === 0 && index < histogram.length - 1 ? (
            <text key={bin.from} x={index * column + 1} y={height - 6}>
              {count(bin.from)}
            </text>
          ) : null,
        )}
        {histogram.length > 1 && (
          <text x={histogram.length * column} y={height - 6} textAnchor="end">
            {histogram.at(-1)!.to === null ? "≥ " : ""}
            {count(histogram.at(-1)!.from)}
          </text>
        )}
      </svg>
      <figcaption className="facts small soft">
        <span>
          {t.median} <b>{count(p50)}</b>
        </span>
        <span>
          {t.mean} <b>{decimal(mean, 3)}</b>
        </span>
        <span>
          {t.longest} <b>{count(max)}</b>
        </span>
      </figcaption>
    </figure>
  );
}

/** Where a value lies, in columns. */
function positionOf(histogram: LengthReport["histogram"], value: number): number {
  const found = histogram.findIndex(({ to }) => to === null || value < to);
  const index = found < 0 ? histogram.length - 1 : found;
  const { from, to } = histogram[index]!;
  return index + (to === null ? 0.5 : (value - from + 0.5) / (to - from));
}
