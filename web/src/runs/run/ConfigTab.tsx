import { useDeferredValue, useState } from "react";
import type { ConfigDifference, RunDetail } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { bothLanguages, useTexts } from "../../language";
import { Badge, Empty, Field, Hint, Loaded, TableFrame } from "../../ui";
import { runPath } from "../addresses";
import { useRuns } from "../useRuns";
import { valueText } from "../valueText";

const texts = bothLanguages(
  {
    search: "Search keys and values",
    changed: "Only changed from the defaults",
    compare: "Compare with",
    noOther: "no other run",
    key: "Key",
    value: "Value",
    source: "From",
    sourceHint:
      "Where the value came from: the default, the configuration file, a flag of the command, or derived from other keys.",
    default: "default",
    file: "file",
    flag: "flag",
    derived: "derived",
    table: "Configuration",
    none: "No key matches",
    noConfig: "The configuration of this run is missing",
    here: "This run",
    same: "Both runs have the same configuration.",
    differs: "Keys whose values differ",
  },
  {
    search: "搜索键或值",
    changed: "只看与默认值不同的",
    compare: "对比训练",
    noOther: "不对比",
    key: "键",
    value: "值",
    source: "来源",
    sourceHint: "值的来源：默认值、配置文件、命令行参数，或由其他键推导。",
    default: "默认",
    file: "文件",
    flag: "参数",
    derived: "推导",
    table: "配置",
    none: "没有匹配的键",
    noConfig: "缺少该训练的配置",
    here: "此训练",
    same: "两个训练的配置相同。",
    differs: "值不同的键",
  },
);

export function ConfigTab({ run }: { run: RunDetail }) {
  const t = useTexts(texts);
  const [text, setText] = useState("");
  const [onlyChanged, setOnlyChanged] = useState(true);
  const [other, setOther] = useState("");
  const runs = useRuns();
  const sought = useDeferredValue(text.trim().toLowerCase());
  const others = runs.data?.runs.filter(({ id }) => id !== run.id) ?? [];
  if (run.config.length === 0) return <Empty title={t.noConfig} />;
  const shown = run.config.filter(
    ({ key, value, source }) =>
      (!onlyChanged || source !== "default") &&
      `${key} ${valueText(value)}`.toLowerCase().includes(sought),
  );
  return (
    <>
      <div className="config-controls">
        <input
          type="search"
          className="input"
          aria-label={t.search}
          placeholder={t.search}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={onlyChanged}
            onChange={(event) => setOnlyChanged(event.target.checked)}
          />
          {t.changed}
        </label>
        {others.length > 0 && (
          <Field label={t.compare}>
            {(ids) => (
              <select
                {...ids}
                className="input"
                value={other}
                onChange={(event) => setOther(event.target.value)}
              >
                <option value="">{t.noOther}</option>
                {others.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
      </div>
      {other !== "" && (
        <Difference
          run={run}
          other={other}
          name={others.find(({ id }) => id === other)?.name ?? other}
          sought={sought}
        />
      )}
      {shown.length === 0 ? (
        <Empty title={t.none} />
      ) : (
        <div className="config-table">
          <TableFrame label={t.table}>
            <thead>
              <tr>
                <th scope="col">{t.key}</th>
                <th scope="col">{t.value}</th>
                <th scope="col">
                  {t.source} <Hint about={t.source}>{t.sourceHint}</Hint>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ key, value, source }) => (
                <tr key={key}>
                  <th scope="row">
                    <code>{key}</code>
                  </th>
                  <td>{valueText(value)}</td>
                  <td>
                    <Badge tone={source === "default" ? "" : "accent"}>
                      {sourceName(source, t)}
                    </Badge>
                  </td>
                </tr>
              ))}
            </tbody>
          </TableFrame>
        </div>
      )}
    </>
  );
}

function sourceName(source: string, t: (typeof texts)["en"]): string {
  const names: Record<string, string> = {
    default: t.default,
    file: t.file,
    flag: t.flag,
    derived: t.derived,
  };
  return names[source] ?? source;
}

function Difference(props: { run: RunDetail; other: string; name: string; sought: string }) {
  const t = useTexts(texts);
  const path = runPath(props.run.id, `difference?with=${encodeURIComponent(props.other)}`);
  const difference = useResource<ConfigDifference>(path);
  return (
    <Loaded resource={difference}>
      {({ changed }) =>
        changed.length === 0 ? (
          <p role="status">{t.same}</p>
        ) : (
          <div className="config-table">
            <TableFrame label={t.differs}>
              <caption>{t.differs}</caption>
              <thead>
                <tr>
                  <th scope="col">{t.key}</th>
                  <th scope="col">{t.here}</th>
                  <th scope="col">{props.name}</th>
                </tr>
              </thead>
              <tbody>
                {changed
                  .filter(({ key }) => key.toLowerCase().includes(props.sought))
                  .map(({ key, here, there }) => (
                    <tr key={key}>
                      <th scope="row">
                        <code>{key}</code>
                      </th>
                      <td>{valueText(here)}</td>
                      <td>{valueText(there)}</td>
                    </tr>
                  ))}
              </tbody>
            </TableFrame>
          </div>
        )
      }
    </Loaded>
  );
}
