import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { DataFileDetail, DataRow, DataRows } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { changeQuery, useRoute } from "../../app/route";
import { bothLanguages, useTexts } from "../../language";
import { Badge, Button, Empty, Failure, Field, Progress, useFormats, VirtualList } from "../../ui";
import { lineOf, rowOf } from "../address";
import { RowDetail } from "./RowDetail";
import { usePages } from "./usePages";

const texts = bothLanguages(
  {
    list: "Rows of the file",
    find: "Find text in all rows",
    findButton: "Find",
    clear: "Show all",
    goTo: "Go to row",
    go: "Go",
    row: (row: string) => `Row ${row}`,
    turns: (count: number) => (count === 1 ? "1 message" : `${count} messages`),
    damaged: "Not readable",
    loading: "…",
    searching: "Searching:",
    found: (rows: string, count: number) =>
      count === 1 ? "1 row holds this text" : `${rows} rows hold this text`,
    foundNone: "No row holds this text",
    foundNoneWhy: "Upper and lower case make no difference. Line breaks count as they are.",
    empty: "This file has no rows",
    choose: "Choose a row to read its conversation.",
    outside: (rows: string) => `There are ${rows} rows.`,
  },
  {
    list: "文件中的行",
    find: "在所有行中查找文字",
    findButton: "查找",
    clear: "显示全部",
    goTo: "跳到第几行",
    go: "跳转",
    row: (row: string) => `第 ${row} 行`,
    turns: (count: number) => `${count} 条消息`,
    damaged: "无法读取",
    loading: "……",
    searching: "正在查找：",
    found: (rows: string, _count: number) => `${rows} 行包含这段文字`,
    foundNone: "没有行包含这段文字",
    foundNoneWhy: "不区分大小写；换行须完全一致。",
    empty: "此文件没有任何行",
    choose: "选择一行即可阅读其中的对话。",
    outside: (rows: string) => `共 ${rows} 行。`,
  },
);

/** In pixels: two lines of text. */
const rowHeight = 60;

export function RowsTab({ file }: { file: DataFileDetail }) {
  const t = useTexts(texts);
  const route = useRoute();
  const { count } = useFormats();
  const find = route.query.get("find") ?? "";
  const path = `api/data/${encodeURIComponent(file.id)}/rows`;
  const pages = usePages(path, find, file.rows);
  useLine(path);
  const shown = find === "" ? file.rows : (pages.found ?? 0);
  const row = rowOf(route) ?? (find === "" && file.rows > 0 ? 0 : (pages.row(0)?.row ?? null));
  const [place, setPlace] = useState<number | null>(null);
  const chosen = find === "" ? row : (place ?? (rowOf(route) === null ? 0 : null));
  const choose = (index: number) => {
    setPlace(index);
    const number = find === "" ? index : pages.row(index)?.row;
    if (number !== undefined) changeQuery(route, { row: String(number) });
  };
  const { want } = pages;
  const onView = useCallback((from: number, to: number) => want(from, to), [want]);
  const isDone = pages.searched >= 1;
  return (
    <div className="rows-tab">
      <div className="rows-side">
        <FindForm
          key={find}
          find={find}
          onFind={(text) => {
            setPlace(null);
            changeQuery(route, { find: text || null, row: null });
          }}
        />
        {find === "" ? (
          <GoToForm rows={file.rows} onGo={choose} />
        ) : (
          <div role="status" className="small">
            {isDone ? (
              t.found(count(shown), shown)
            ) : (
              <Progress label={t.searching} share={pages.searched} />
            )}
          </div>
        )}
        {pages.error !== null ? (
          <Failure message={pages.error.message} onRetry={pages.retry} />
        ) : shown === 0 && isDone && file.indexed === 1 ? (
          <Empty title={find === "" ? t.empty : t.foundNone}>
            {find !== "" && <p>{t.foundNoneWhy}</p>}
          </Empty>
        ) : (
          <VirtualList
            label={t.list}
            count={shown}
            rowHeight={rowHeight}
            chosen={chosen}
            onChoose={choose}
            onView={onView}
          >
            {(index) => <RowLine row={pages.row(index)} number={index} />}
          </VirtualList>
        )}
      </div>
      <div className="rows-detail">
        {row === null ? (
          <Empty title={t.choose} />
        ) : (
          <RowDetail file={file} row={row} known={knownRow(pages.row, chosen, row)} />
        )}
      </div>
    </div>
  );
}

/** A line that the address names becomes its row. */
function useLine(path: string): void {
  const route = useRoute();
  const line = lineOf(route);
  const { data, error } = useResource<DataRows>(line === null ? null : `${path}?line=${line}`);
  useEffect(() => {
    if (data) changeQuery(route, { line: null, row: String(data.offset) });
    else if (error) changeQuery(route, { line: null });
  }, [data, error, route]);
}

/** The row, where the list has it already. */
function knownRow(
  at: (index: number) => DataRow | undefined,
  place: number | null,
  row: number,
): DataRow | undefined {
  const known = at(place ?? 0);
  return known?.row === row ? known : undefined;
}

function RowLine({ row, number }: { row: DataRow | undefined; number: number }) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const first = row?.messages?.find(({ role }) => role === "user") ?? row?.messages?.[0];
  return (
    <>
      <div className="row-line-head small soft figures">
        <span>{t.row(count((row?.row ?? number) + 1))}</span>
        {row?.messages && <span>{t.turns(row.messages.length)}</span>}
        {row?.problem && <Badge tone="bad">{t.damaged}</Badge>}
      </div>
      <div className="one-line">{row ? (first?.content ?? row.problem) : t.loading}</div>
    </>
  );
}

function FindForm(props: { find: string; onFind: (text: string) => void }) {
  const t = useTexts(texts);
  const [text, setText] = useState(props.find);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onFind(text.trim());
  };
  return (
    <form className="inline-form" onSubmit={submit}>
      <Field label={t.find}>
        {(ids) => (
          <input
            {...ids}
            className="input"
            type="search"
            value={text}
            maxLength={200}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit">{t.findButton}</Button>
      {props.find !== "" && (
        <Button tone="quiet" onClick={() => props.onFind("")}>
          {t.clear}
        </Button>
      )}
    </form>
  );
}

function GoToForm({ rows, onGo }: { rows: number; onGo: (index: number) => void }) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const [text, setText] = useState("");
  const number = Number(text);
  const isValid = /^\d+$/.test(text) && number >= 1 && number <= rows;
  const error = text !== "" && !isValid ? t.outside(count(rows)) : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isValid) onGo(number - 1);
  };
  return (
    <form className="inline-form" onSubmit={submit}>
      <Field label={t.goTo} error={error}>
        {(ids) => (
          <input
            {...ids}
            className="input figures"
            inputMode="numeric"
            value={text}
            onChange={(event) => setText(event.target.value.trim())}
          />
        )}
      </Field>
      <Button type="submit" disabled={!isValid}>
        {t.go}
      </Button>
    </form>
  );
}
