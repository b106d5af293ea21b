import { useState } from "react";
import type { DataFileDetail, PackedRows } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { bothLanguages, useTexts } from "../../language";
import { Empty, Failure, Hint, Loading, Pager, useFormats } from "../../ui";
import { rowAddress } from "../address";
import { type Chosen, TokenSettings, tokenQuery, useTokenSettings } from "../tokens";

const texts = bothLanguages(
  {
    lead: "Conversations stand one after another in rows of the longest sequence, so that no place is lost to padding. Each sees only itself.",
    fill: "of the room is filled",
    fillHint:
      "Tokens by places, over the rows counted. What is left free at the ends of rows costs nothing: rows are as long as what they hold.",
    rows: "Packed rows",
    row: (row: string) => `Row ${row}`,
    parts: (count: number) => (count === 1 ? "1 conversation" : `${count} conversations`),
    tokens: (tokens: string, room: string) => `${tokens} of ${room} tokens`,
    part: (row: string, tokens: string, learnt: string) =>
      `Row ${row} of the file: ${tokens} tokens, ${learnt} learnt`,
    legendLearnt: "share that is learnt",
    legendRead: "only read",
    legendFree: "free",
    none: "No row can be packed",
    noneWhy: "No conversation of the file can be read with this model and template.",
  },
  {
    lead: "多个对话首尾相接，排进最大序列长度的行，不浪费任何位置填充。每个对话只能看到自己。",
    fill: "的位置已填充",
    fillHint: "词元数与位置数之比，按已统计的行计算。行尾的空位没有开销：行只有其内容那么长。",
    rows: "打包后的行",
    row: (row: string) => `第 ${row} 行`,
    parts: (count: number) => `${count} 个对话`,
    tokens: (tokens: string, room: string) => `${tokens} / ${room} 个词元`,
    part: (row: string, tokens: string, learnt: string) =>
      `文件第 ${row} 行：${tokens} 个词元，学习其中 ${learnt} 个`,
    legendLearnt: "会被学习的部分",
    legendRead: "仅供阅读",
    legendFree: "空位",
    none: "没有可打包的行",
    noneWhy: "用此模型和模板无法读取文件中的任何对话。",
  },
);

const rowsOnPage = 20;

export function PackedTab({ file }: { file: DataFileDetail }) {
  const t = useTexts(texts);
  const settings = useTokenSettings(file.runs);
  return (
    <>
      <p className="soft lead">{t.lead}</p>
      <TokenSettings settings={settings}>
        {(chosen) => <Packed key={tokenQuery(chosen)} file={file} chosen={chosen} />}
      </TokenSettings>
    </>
  );
}

function Packed({ file, chosen }: { file: DataFileDetail; chosen: Chosen }) {
  const t = useTexts(texts);
  const { percent } = useFormats();
  const [offset, setOffset] = useState(0);
  const base = `api/data/${encodeURIComponent(file.id)}/packed?${tokenQuery(chosen)}`;
  const { data, error, reload } = useResource<PackedRows>(
    `${base}&offset=${offset}&limit=${rowsOnPage}`,
  );
  if (error) return <Failure message={error.message} onRetry={reload} />;
  if (data === null) return <Loading />;
  if (data.rows.length === 0) {
    return (
      <Empty title={t.none}>
        <p>{t.noneWhy}</p>
      </Empty>
    );
  }
  return (
    <section className="card packed" aria-label={t.rows}>
      <div className="packed-head">
        <p>
          <span className="fill figures">{percent(data.fill)}</span> {t.fill}{" "}
          <Hint about={t.fill}>{t.fillHint}</Hint>
        </p>
        <ul className="packed-legend small soft">
          <li className="learnt">{t.legendLearnt}</li>
          <li className="read">{t.legendRead}</li>
          <li className="free">{t.legendFree}</li>
        </ul>
      </div>
      <ol className="packed-rows">
        {data.rows
          .map((row, index) => ({ row, number: offset + index }))
          .map((numbered) => (
            <PackedRow key={numbered.number} file={file.id} {...numbered} />
          ))}
      </ol>
      <Pager
        offset={offset}
        size={rowsOnPage}
        shown={data.rows.length}
        total={null}
        onMove={setOffset}
      />
    </section>
  );
}

function PackedRow(props: { file: string; number: number; row: PackedRows["rows"][number] }) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const { length, room, parts } = props.row;
  return (
    <li>
      <div className="small figures packed-row-head">
        <span>{t.row(count(props.number + 1))}</span>
        <span className="soft">
          {t.parts(parts.length)}, {t.tokens(count(length), count(room))}
        </span>
      </div>
      <div className="packed-row">
        {parts.map((part, index) => {
          const label = t.part(count(part.row + 1), count(part.tokens), count(part.trained));
          return (
            <a
              // biome-ignore lint/suspicious/noArrayIndexKey: a conversation that is split comes twice
              key={`${part.row}-${index}`}
              href={rowAddress(props.file, part.row)}
              title={label}
              aria-label={label}
              style={{ width: `${(100 * part.tokens) / room}%` }}
            >
              <span style={{ height: `${(100 * part.trained) / Math.max(1, part.tokens)}%` }} />
            </a>
          );
        })}
      </div>
    </li>
  );
}
