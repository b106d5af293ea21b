import { useEffect } from "react";
import type { DataFileDetail } from "../../../src/serve/schema";
import { useResource } from "../api/useResource";
import { addressOf, changeQuery, useRoute } from "../app/route";
import { bothLanguages, useTexts } from "../language";
import { Empty, Loaded, Progress, Tabs, useFormats } from "../ui";
import { type TabName, tabOf } from "./address";
import { PackedTab } from "./packed";
import { RemovedTab } from "./removed";
import { RowsTab } from "./rows";
import { StatisticsTab } from "./stats";

const texts = bothLanguages(
  {
    all: "Data",
    path: "Where this is",
    tabs: "Views of this file",
    rows: "Conversations",
    packed: "Packed rows",
    statistics: "Statistics",
    removed: "Removed rows",
    indexing: "Finding the rows:",
    rowCount: (count: string) => `${count} rows`,
    runs: "Trained on by",
    run: (n: number) => `run ${n}`,
    problem: "This file cannot be read as conversations",
  },
  {
    all: "数据",
    path: "当前位置",
    tabs: "此文件的视图",
    rows: "对话",
    packed: "打包后的行",
    statistics: "统计",
    removed: "已移除的行",
    indexing: "正在定位各行：",
    rowCount: (count: string) => `${count} 行`,
    runs: "使用它的训练",
    run: (n: number) => `训练 ${n}`,
    problem: "无法把此文件当作对话读取",
  },
);

export function FileView({ id }: { id: string }) {
  const file = useResource<DataFileDetail>(`api/data/${encodeURIComponent(id)}`);
  const { data, reload } = file;
  const t = useTexts(texts);
  const isIndexing = data !== null && data.indexed < 1 && data.problem === null;
  useEffect(() => {
    if (!isIndexing || data === null) return;
    const timer = setTimeout(reload, 500);
    return () => clearTimeout(timer);
  }, [isIndexing, data, reload]);
  if (data === null) {
    return (
      <>
        <Path />
        <h1 className="visually-hidden">{t.all}</h1>
        <Loaded resource={file}>{() => null}</Loaded>
      </>
    );
  }
  return <File file={data} />;
}

function File({ file }: { file: DataFileDetail }) {
  const t = useTexts(texts);
  const route = useRoute();
  const tab = tabOf(route);
  const tabs = [
    { id: "rows", title: t.rows },
    { id: "packed", title: t.packed },
    { id: "statistics", title: t.statistics },
    ...(file.has_removed ? [{ id: "removed", title: t.removed } as const] : []),
  ] satisfies { id: TabName; title: string }[];
  return (
    <>
      <FileHead file={file} />
      {file.problem !== null ? (
        <Empty title={t.problem}>
          <p>{file.problem}</p>
        </Empty>
      ) : (
        <Tabs
          label={t.tabs}
          tabs={tabs}
          chosen={tab}
          onChoose={(id) => changeQuery(route, { tab: id === "rows" ? null : id })}
        >
          {tab === "rows" && <RowsTab file={file} />}
          {tab === "packed" && <PackedTab file={file} />}
          {tab === "statistics" && <StatisticsTab file={file} />}
          {tab === "removed" && <RemovedTab file={file} />}
        </Tabs>
      )}
    </>
  );
}

function Path() {
  const t = useTexts(texts);
  return (
    <nav className="small" aria-label={t.path}>
      <a href={addressOf(["data"])}>{t.all}</a> <span aria-hidden="true">/</span>
    </nav>
  );
}

function FileHead({ file }: { file: DataFileDetail }) {
  const t = useTexts(texts);
  const { count, bytes, moment } = useFormats();
  return (
    <header className="file-head">
      <Path />
      <h1>{file.name}</h1>
      <p className="soft facts">
        <span>{t.rowCount(count(file.rows))}</span>
        <span>{bytes(file.bytes)}</span>
        {file.format !== null && <span>{file.format}</span>}
        <span>{moment(file.modified)}</span>
        {file.runs.length > 0 && (
          <span>
            {t.runs}{" "}
            {file.runs.map((run, index) => (
              <a key={run} href={addressOf(["runs", run])}>
                {t.run(index + 1)}{" "}
              </a>
            ))}
          </span>
        )}
      </p>
      {file.indexed < 1 && file.problem === null && (
        <Progress label={t.indexing} share={file.indexed} />
      )}
    </header>
  );
}
