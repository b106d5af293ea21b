/** All runs, what trains now, and what waits. */
import { useDeferredValue, useState } from "react";
import type { RunList, RunState, RunSummary } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Button, Command, Empty, LinkButton, Loaded } from "../../ui";
import { newRunAddress, overlayAddress } from "../addresses";
import { QueueCard } from "../queue";
import { stateTexts } from "../RunStateBadge";
import { useRuns } from "../useRuns";
import { RunRow } from "./RunRow";

const texts = bothLanguages(
  {
    title: "Runs",
    start: "Start a run",
    none: "No run yet",
    noneWhy:
      "Runs that begin in a terminal show up here by themselves. The demo trains a small model in a few minutes, on any machine:",
    looked: "Looked in",
    noneMatch: "No run matches",
    clear: "Show all runs",
    search: "Search by name, model or mode",
    filter: "Show by state",
    all: "All",
    overlay: (n: number) => `Compare ${n} curves`,
    overlayHint: "Tick two or more runs to see their curves over each other.",
    clearChoice: "Untick all",
    list: "Runs",
  },
  {
    title: "训练",
    start: "新建训练",
    none: "还没有训练",
    noneWhy: "在终端启动的训练会自动出现在这里。示例会用几分钟训练一个小模型，任何机器都能运行：",
    looked: "已查找目录",
    noneMatch: "没有符合条件的训练",
    clear: "显示全部",
    search: "按名称、模型或方式搜索",
    filter: "按状态筛选",
    all: "全部",
    overlay: (n: number) => `对比 ${n} 条曲线`,
    overlayHint: "勾选两个或更多训练，可将曲线叠在一起对比。",
    clearChoice: "取消勾选",
    list: "训练列表",
  },
);

export function RunListScreen() {
  const t = useTexts(texts);
  const runs = useRuns();
  return (
    <>
      <div className="screen-head">
        <h1>{t.title}</h1>
        <LinkButton tone="primary" href={newRunAddress()}>
          {t.start}
        </LinkButton>
      </div>
      <QueueCard />
      <Loaded resource={runs}>
        {(list) =>
          list.runs.length === 0 ? <NoRuns roots={list.roots} /> : <RunTable {...list} />
        }
      </Loaded>
    </>
  );
}

function NoRuns({ roots }: { roots: string[] }) {
  const t = useTexts(texts);
  return (
    <Empty title={t.none}>
      <p>{t.noneWhy}</p>
      <Command>./tunewright demo</Command>
      {roots.length > 0 && (
        <p className="small">
          {t.looked} {roots.join(", ")}
        </p>
      )}
    </Empty>
  );
}

function RunTable({ runs }: RunList) {
  const t = useTexts(texts);
  const [text, setText] = useState("");
  const [state, setState] = useState<RunState | null>(null);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const sought = useDeferredValue(text.trim().toLowerCase());
  const shown = runs.filter((run) => (state === null || run.state === state) && has(run, sought));
  const choose = (id: string, isChosen: boolean) =>
    setChosen((before) => (isChosen ? [...before, id] : before.filter((other) => other !== id)));
  return (
    <section className="run-list" aria-label={t.list}>
      <div className="run-filter">
        <input
          type="search"
          className="input"
          aria-label={t.search}
          placeholder={t.search}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <StateFilter runs={runs} chosen={state} onChoose={setState} />
      </div>
      <div className="run-choice">
        {chosen.length < 2 ? (
          <p className="small soft">{t.overlayHint}</p>
        ) : (
          <LinkButton tone="primary" href={overlayAddress(chosen)}>
            {t.overlay(chosen.length)}
          </LinkButton>
        )}
        {chosen.length > 0 && (
          <Button tone="quiet" onClick={() => setChosen([])}>
            {t.clearChoice}
          </Button>
        )}
      </div>
      {shown.length === 0 ? (
        <Empty title={t.noneMatch}>
          <Button
            onClick={() => {
              setText("");
              setState(null);
            }}
          >
            {t.clear}
          </Button>
        </Empty>
      ) : (
        <ul>
          {shown.map((run) => (
            <RunRow
              key={run.id}
              run={run}
              isChosen={chosen.includes(run.id)}
              onChoose={(isChosen) => choose(run.id, isChosen)}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function has(run: RunSummary, sought: string): boolean {
  return [run.name, run.model, run.train_mode].some((text) => text?.toLowerCase().includes(sought));
}

function StateFilter(props: {
  runs: readonly RunSummary[];
  chosen: RunState | null;
  onChoose: (state: RunState | null) => void;
}) {
  const t = useTexts(texts);
  const names = useTexts(stateTexts);
  const counts = new Map<RunState, number>();
  for (const { state } of props.runs) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = (Object.keys(names) as RunState[]).filter((state) => counts.has(state));
  if (states.length < 2) return null;
  return (
    <fieldset className="chips">
      <legend className="visually-hidden">{t.filter}</legend>
      <button
        type="button"
        aria-pressed={props.chosen === null}
        onClick={() => props.onChoose(null)}
      >
        {t.all} <span className="soft">{props.runs.length}</span>
      </button>
      {states.map((state) => (
        <button
          key={state}
          type="button"
          aria-pressed={props.chosen === state}
          onClick={() => props.onChoose(state)}
        >
          {names[state]} <span className="soft">{counts.get(state)}</span>
        </button>
      ))}
    </fieldset>
  );
}
