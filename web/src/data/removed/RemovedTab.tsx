import { useState } from "react";
import type { DataFileDetail, RemovedRows } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { bothLanguages, useTexts } from "../../language";
import { Empty, Failure, Loading, Pager, Scrolled, ShareBar, useFormats } from "../../ui";
import { useKept } from "../useKept";

const texts = bothLanguages(
  {
    reasons: "Why rows were removed",
    all: "All reasons",
    rows: "Removed rows",
    from: (file: string, line: string) => `${file}, line ${line}`,
    none: "Nothing was removed",
    noneWhy: "Cleaning and deduplication kept every row.",
  },
  {
    reasons: "移除的原因",
    all: "全部原因",
    rows: "已移除的行",
    from: (file: string, line: string) => `${file}，第 ${line} 行`,
    none: "没有移除任何行",
    noneWhy: "清洗和去重保留了全部的行。",
  },
);

const rowsOnPage = 20;

export function RemovedTab({ file }: { file: DataFileDetail }) {
  const t = useTexts(texts);
  const [reason, setReason] = useState<string | null>(null);
  const [offset, setOffset] = useState(0);
  const query = new URLSearchParams({ offset: String(offset), limit: String(rowsOnPage) });
  if (reason !== null) query.set("reason", reason);
  const { data, error, reload } = useResource<RemovedRows>(
    `api/data/${encodeURIComponent(file.id)}/removed?${query}`,
  );
  const shown = useKept(data);
  const choose = (name: string | null) => {
    setReason(name);
    setOffset(0);
  };
  if (error) return <Failure message={error.message} onRetry={reload} />;
  if (shown === null) return <Loading />;
  if (shown.reasons.length === 0) {
    return (
      <Empty title={t.none}>
        <p>{t.noneWhy}</p>
      </Empty>
    );
  }
  return (
    <div className="removed">
      <Reasons reasons={shown.reasons} chosen={reason} onChoose={choose} />
      <section className="card" aria-label={t.rows} aria-busy={data === null}>
        <ol className="removed-rows">
          {shown.rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row can be removed from two files
            <li key={`${offset}-${index}`}>
              <p className="small soft">{t.from(row.file, String(row.line))}</p>
              <p>
                <strong>{row.reason}</strong>
                {row.detail && <span className="soft">: {row.detail}</span>}
              </p>
              <Scrolled className="removed-text">{row.text}</Scrolled>
            </li>
          ))}
        </ol>
        <Pager
          offset={offset}
          size={rowsOnPage}
          shown={shown.rows.length}
          total={shown.total}
          onMove={setOffset}
        />
      </section>
    </div>
  );
}

function Reasons(props: {
  reasons: RemovedRows["reasons"];
  chosen: string | null;
  onChoose: (reason: string | null) => void;
}) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const all = props.reasons.reduce((sum, { rows }) => sum + rows, 0);
  const entries = [{ reason: null, rows: all }, ...props.reasons];
  return (
    <section className="card reasons" aria-label={t.reasons}>
      <h2>{t.reasons}</h2>
      <ul>
        {entries.map(({ reason, rows }) => (
          <li key={reason ?? ""}>
            <button
              type="button"
              aria-pressed={reason === props.chosen}
              onClick={() => props.onChoose(reason)}
            >
              <span>{reason ?? t.all}</span>
              <span className="figures">{count(rows)}</span>
              <ShareBar share={rows / Math.max(1, all)} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
