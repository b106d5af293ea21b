import type { DataFileDetail, DataRow, DataRows } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { changeQuery, useRoute } from "../../app/route";
import { bothLanguages, useTexts } from "../../language";
import { Button, Empty, Failure, Loading, Tabs, useFormats } from "../../ui";
import { RowTokensView } from "../tokens";
import { useKept } from "../useKept";
import { Conversation } from "./Conversation";

const texts = bothLanguages(
  {
    row: (row: string) => `Row ${row}`,
    line: (line: string) => `line ${line} of the file`,
    before: "Previous row",
    after: "Next row",
    views: "How the row is shown",
    conversation: "Conversation",
    tokens: "Tokens",
    damaged: "This row cannot be read as a conversation",
    gone: "There is no such row",
  },
  {
    row: (row: string) => `第 ${row} 行`,
    line: (line: string) => `文件第 ${line} 行`,
    before: "上一行",
    after: "下一行",
    views: "这一行的显示方式",
    conversation: "对话",
    tokens: "词元",
    damaged: "无法把这一行当作对话读取",
    gone: "没有这一行",
  },
);

/** @param props.known the row, where the list has it */
export function RowDetail(props: {
  file: DataFileDetail;
  row: number;
  known: DataRow | undefined;
}) {
  const { file, row, known } = props;
  const t = useTexts(texts);
  const { count } = useFormats();
  const route = useRoute();
  const path = `api/data/${encodeURIComponent(file.id)}/rows?offset=${row}&limit=1`;
  const fetched = useResource<DataRows>(known ? null : path);
  const shown = useKept(known ?? fetched.data?.rows[0] ?? null);
  const view = route.query.get("view") === "tokens" ? "tokens" : "conversation";
  const move = (to: number) => changeQuery(route, { row: String(to), find: null });
  const at = shown?.row ?? row;
  return (
    <section className="card row-detail" aria-label={t.row(count(at + 1))}>
      <div className="row-head">
        <h2>
          {t.row(count(at + 1))}{" "}
          {shown && <span className="small soft">{t.line(count(shown.line))}</span>}
        </h2>
        <div className="row-move">
          <Button disabled={row === 0} onClick={() => move(row - 1)} aria-label={t.before}>
            ↑
          </Button>
          <Button
            disabled={row + 1 >= file.rows}
            onClick={() => move(row + 1)}
            aria-label={t.after}
          >
            ↓
          </Button>
        </div>
      </div>
      <Tabs
        label={t.views}
        tabs={[
          { id: "conversation", title: t.conversation },
          { id: "tokens", title: t.tokens },
        ]}
        chosen={view}
        onChoose={(id) => changeQuery(route, { view: id === "tokens" ? id : null })}
      >
        {fetched.error && !known ? (
          <Failure message={fetched.error.message} onRetry={fetched.reload} />
        ) : !shown ? (
          fetched.data ? (
            <Empty title={t.gone} />
          ) : (
            <Loading />
          )
        ) : shown.messages === null ? (
          <>
            <Empty title={t.damaged}>
              <p>{shown.problem}</p>
            </Empty>
            <Conversation row={shown} />
          </>
        ) : view === "tokens" ? (
          <RowTokensView file={file} row={shown} />
        ) : (
          <Conversation row={shown} />
        )}
      </Tabs>
    </section>
  );
}
