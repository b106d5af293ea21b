import { bothLanguages, useTexts } from "../language";
import { Button } from "./controls";
import { useFormats } from "./format";

const texts = bothLanguages(
  {
    label: "Pages",
    before: "Earlier",
    after: "Later",
    range: (from: string, to: string, total: string) => `${from} to ${to} of ${total}`,
  },
  {
    label: "翻页",
    before: "上一页",
    after: "下一页",
    range: (from: string, to: string, total: string) => `第 ${from} 至 ${to} 条，共 ${total} 条`,
  },
);

/** Steps through a list by pages of `size`. */
export function Pager(props: {
  offset: number;
  size: number;
  total: number;
  onMove: (offset: number) => void;
}) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const { offset, size, total } = props;
  if (total <= size && offset === 0) return null;
  const to = Math.min(total, offset + size);
  return (
    <nav className="pager" aria-label={t.label}>
      <Button disabled={offset === 0} onClick={() => props.onMove(Math.max(0, offset - size))}>
        {t.before}
      </Button>
      <span className="soft figures">{t.range(count(offset + 1), count(to), count(total))}</span>
      <Button disabled={to >= total} onClick={() => props.onMove(offset + size)}>
        {t.after}
      </Button>
    </nav>
  );
}
