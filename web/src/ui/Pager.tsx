import { bothLanguages, useTexts } from "../language";
import { Button } from "./controls";
import { useFormats } from "./format";

const texts = bothLanguages(
  {
    label: "Pages",
    before: "Earlier",
    after: "Later",
    range: (from: string, to: string) => `${from} to ${to}`,
    of: (range: string, total: string) => `${range} of ${total}`,
  },
  {
    label: "翻页",
    before: "上一页",
    after: "下一页",
    range: (from: string, to: string) => `第 ${from} 至 ${to} 条`,
    of: (range: string, total: string) => `${range}，共 ${total} 条`,
  },
);

/** Steps through a list by pages of `size`. */
export function Pager(props: {
  offset: number;
  size: number;
  /** How many are on this page, where `total` does not tell. */
  shown?: number;
  /** Null where nobody has counted: a full page may have one after it. */
  total: number | null;
  onMove: (offset: number) => void;
}) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const { offset, size, total } = props;
  const shown = props.shown ?? Math.min(size, (total ?? 0) - offset);
  const isLast = total === null ? shown < size : offset + shown >= total;
  if (isLast && offset === 0) return null;
  const range = t.range(count(offset + 1), count(offset + shown));
  return (
    <nav className="pager" aria-label={t.label}>
      <Button disabled={offset === 0} onClick={() => props.onMove(Math.max(0, offset - size))}>
        {t.before}
      </Button>
      <span className="soft figures">{total === null ? range : t.of(range, count(total))}</span>
      <Button disabled={isLast} onClick={() => props.onMove(offset + size)}>
        {t.after}
      </Button>
    </nav>
  );
}
