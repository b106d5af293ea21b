import { useState } from "react";
import type { DataFile, DataList } from "../../../src/serve/schema";
import { useResource } from "../api/useResource";
import { addressOf } from "../app/route";
import { bothLanguages, useTexts } from "../language";
import { Badge, Command, Empty, Field, Loaded, TableFrame, useFormats } from "../ui";

const texts = bothLanguages(
  {
    title: "Data",
    lead: "What models are trained on: look at every conversation, and at what is learnt of it.",
    search: "Search by name",
    name: "File",
    size: "Size",
    changed: "Changed",
    usedBy: "Trained on by",
    runs: (count: number) => (count === 1 ? "1 run" : `${count} runs`),
    cleaned: "Rows were removed",
    none: "No data files yet",
    noneWhy: "Files of conversations (JSONL, JSON, Parquet, CSV) are looked for in these folders:",
    noneTodo: "Start the server with the folder of your files:",
    noMatch: "No file has this in its name",
  },
  {
    title: "数据",
    lead: "模型训练所用的数据：逐条查看对话，以及其中哪些内容会被学习。",
    search: "按名称搜索",
    name: "文件",
    size: "大小",
    changed: "修改时间",
    usedBy: "使用它的训练",
    runs: (count: number) => `${count} 次训练`,
    cleaned: "有已移除的行",
    none: "还没有数据文件",
    noneWhy: "已在以下文件夹中查找对话文件（JSONL、JSON、Parquet、CSV）：",
    noneTodo: "启动服务器时指定数据文件夹：",
    noMatch: "没有名称匹配的文件",
  },
);

export function FileList() {
  const t = useTexts(texts);
  const list = useResource<DataList>("api/data");
  return (
    <>
      <header>
        <h1>{t.title}</h1>
        <p className="soft">{t.lead}</p>
      </header>
      <Loaded resource={list}>
        {({ files, roots }) =>
          files.length === 0 ? <NoFiles roots={roots} /> : <Files files={files} />
        }
      </Loaded>
    </>
  );
}

function NoFiles({ roots }: { roots: readonly string[] }) {
  const t = useTexts(texts);
  return (
    <Empty title={t.none}>
      <p>{t.noneWhy}</p>
      <p>
        {roots.map((root) => (
          <code key={root}>{root} </code>
        ))}
      </p>
      <p>{t.noneTodo}</p>
      <Command>./tunewright serve --data FOLDER</Command>
    </Empty>
  );
}

function Files({ files }: { files: readonly DataFile[] }) {
  const t = useTexts(texts);
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = files.filter(({ name }) => name.toLowerCase().includes(wanted));
  return (
    <>
      {files.length > 5 && (
        <div className="file-search">
          <Field label={t.search}>
            {(ids) => (
              <input
                {...ids}
                className="input"
                type="search"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
              />
            )}
          </Field>
        </div>
      )}
      {shown.length === 0 ? (
        <Empty title={t.noMatch} />
      ) : (
        <div className="card table-card">
          <TableFrame label={t.title}>
            <thead>
              <tr>
                <th scope="col">{t.name}</th>
                <th scope="col" className="number">
                  {t.size}
                </th>
                <th scope="col">{t.usedBy}</th>
                <th scope="col">{t.changed}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((file) => (
                <FileRow key={file.id} file={file} />
              ))}
            </tbody>
          </TableFrame>
        </div>
      )}
    </>
  );
}

function FileRow({ file }: { file: DataFile }) {
  const t = useTexts(texts);
  const { bytes, ago, moment } = useFormats();
  return (
    <tr>
      <th scope="row" className="file-name">
        <a href={addressOf(["data", file.id])}>{file.name}</a>{" "}
        {file.has_removed && <Badge>{t.cleaned}</Badge>}
      </th>
      <td className="number">{bytes(file.bytes)}</td>
      <td>
        {file.runs.length === 1 ? (
          <a href={addressOf(["runs", file.runs[0]!])}>{t.runs(1)}</a>
        ) : file.runs.length > 1 ? (
          t.runs(file.runs.length)
        ) : (
          <span className="soft">–</span>
        )}
      </td>
      <td>
        <time dateTime={new Date(file.modified * 1000).toISOString()} title={moment(file.modified)}>
          {ago(file.modified)}
        </time>
      </td>
    </tr>
  );
}
