import { useState } from "react";
import type { ResultList, ResultSummary } from "../../../src/serve/schema";
import { useResource } from "../api/useResource";
import { addressOf, goTo } from "../app/route";
import { bothLanguages, useTexts } from "../language";
import { Button, Command, Empty, Field, Loaded, TableFrame, useFormats } from "../ui";
import { RunScores } from "./runScores";
import { useProtocolName } from "./useProtocolName";
import { useScoreFormats } from "./useScoreFormats";

const texts = bothLanguages(
  {
    title: "Results",
    lead: "How well models answer questions that they were not trained on, before and after.",
    search: "Search by name, model or benchmark",
    name: "Evaluation",
    model: "Model",
    base: "Base",
    made: "Date",
    scores: "Scores",
    choose: (name: string) => `Choose ${name} to compare`,
    compare: "Compare the two chosen",
    compareHint: "Choose two evaluations to compare them question by question.",
    step: (step: string) => `step ${step}`,
    run: "its run",
    more: (count: number) => `and ${count} more`,
    noMatch: "No evaluation fits",
    none: "Nothing was evaluated yet",
    noneWhy:
      "An evaluation asks a model the questions of a benchmark, or your own, and says how sure its score is. Ask the tuned model and its base at once, to see what changed:",
    noneOwn: "Or with a published benchmark, whose files lie in a folder:",
  },
  {
    title: "评测",
    lead: "模型回答训练中没见过的问题答得怎样，微调前后对比。",
    search: "按名称、模型或基准搜索",
    name: "评测",
    model: "模型",
    base: "基座",
    made: "日期",
    scores: "得分",
    choose: (name: string) => `选择 ${name} 进行比较`,
    compare: "比较选中的两个",
    compareHint: "选择两个评测，逐题比较。",
    step: (step: string) => `第 ${step} 步`,
    run: "对应的训练",
    more: (count: number) => `另有 ${count} 项`,
    noMatch: "没有符合的评测",
    none: "还没有评测结果",
    noneWhy:
      "评测用基准测试或你自己的题目向模型提问，并说明得分有多可信。同时评测微调后的模型和基座，就能看出变化：",
    noneOwn: "或者使用公开的基准测试，其文件放在一个文件夹中：",
  },
);

const shownScores = 4;

export function ResultListView() {
  const t = useTexts(texts);
  const list = useResource<ResultList>("api/results");
  return (
    <>
      <header>
        <h1>{t.title}</h1>
        <p className="soft">{t.lead}</p>
      </header>
      <Loaded resource={list}>
        {({ results }) =>
          results.length === 0 ? <NoResults /> : <Evaluations results={results} />
        }
      </Loaded>
      <RunScores />
    </>
  );
}

function NoResults() {
  const t = useTexts(texts);
  return (
    <Empty title={t.none}>
      <p>{t.noneWhy}</p>
      <Command>
        {
          "./tunewright eval --model builtin:smollm2-135m --adapter output/demo --base builtin:smollm2-135m --tasks examples/eval/physics.yaml --output output/demo-evaluation"
        }
      </Command>
      <p>{t.noneOwn}</p>
      <Command>
        {"./tunewright eval --model MODEL --tasks mmlu --data benchmarks --output output/mmlu"}
      </Command>
    </Empty>
  );
}

function Evaluations({ results }: { results: readonly ResultSummary[] }) {
  const t = useTexts(texts);
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const wanted = search.trim().toLowerCase();
  const shown = results.filter(({ name, model, scores }) =>
    [name, model, ...scores.map(({ benchmark }) => benchmark)].some((text) =>
      text.toLowerCase().includes(wanted),
    ),
  );
  const toggle = (id: string) =>
    setChosen((before) =>
      before.includes(id) ? before.filter((other) => other !== id) : [...before, id].slice(-2),
    );
  const compare = () => {
    // The newer one is looked at, against the older.
    const [first, second] = results
      .filter(({ id }) => chosen.includes(id))
      .sort((a, b) => b.date - a.date);
    if (first && second) goTo(addressOf(["results", first.id], { with: second.id }));
  };
  return (
    <>
      <div className="result-tools">
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
        {results.length > 1 && (
          <>
            <Button disabled={chosen.length !== 2} onClick={compare}>
              {t.compare}
            </Button>
            {chosen.length !== 2 && <span className="small soft">{t.compareHint}</span>}
          </>
        )}
      </div>
      {shown.length === 0 ? (
        <Empty title={t.noMatch} />
      ) : (
        <div className="card table-card result-rows">
          <TableFrame label={t.title}>
            <thead>
              <tr>
                {results.length > 1 && <td />}
                <th scope="col">{t.name}</th>
                <th scope="col">{t.model}</th>
                <th scope="col">{t.scores}</th>
                <th scope="col">{t.made}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((result) => (
                <EvaluationRow
                  key={result.id}
                  result={result}
                  {...(results.length > 1
                    ? { isChosen: chosen.includes(result.id), onChoose: () => toggle(result.id) }
                    : {})}
                />
              ))}
            </tbody>
          </TableFrame>
        </div>
      )}
    </>
  );
}

function EvaluationRow(props: {
  result: ResultSummary;
  isChosen?: boolean;
  onChoose?: () => void;
}) {
  const t = useTexts(texts);
  const { count, ago, moment } = useFormats();
  const { score } = useScoreFormats();
  const protocolName = useProtocolName();
  const { result, isChosen, onChoose } = props;
  const { id, name, model, base, run, step, scores } = result;
  return (
    <tr>
      {onChoose && (
        <td>
          <input
            type="checkbox"
            aria-label={t.choose(name)}
            checked={isChosen ?? false}
            onChange={onChoose}
          />
        </td>
      )}
      <th scope="row" className="result-name">
        <a href={addressOf(["results", id])}>{name}</a>
        <div className="small soft">{protocolName(result.protocol)}</div>
      </th>
      <td className="result-model">
        {model}
        {step !== null && `, ${t.step(count(step))}`}
        <div className="small soft">
          {base !== null && `${t.base}: ${base} `}
          {run !== null && <a href={addressOf(["runs", run])}>{t.run}</a>}
        </div>
      </td>
      <td>
        <ul className="score-list">
          {scores.slice(0, shownScores).map((entry) => (
            <li key={entry.benchmark}>
              <span className="soft">{entry.benchmark}</span> <b>{score(entry.score)}</b>
              {entry.base_score !== null && (
                <Change before={entry.base_score} after={entry.score} />
              )}
            </li>
          ))}
          {scores.length > shownScores && (
            <li className="small soft">{t.more(scores.length - shownScores)}</li>
          )}
        </ul>
      </td>
      <td>
        <time dateTime={new Date(result.date * 1000).toISOString()} title={moment(result.date)}>
          {ago(result.date)}
        </time>
      </td>
    </tr>
  );
}

function Change({ before, after }: { before: number; after: number }) {
  const { points } = useScoreFormats();
  return <span className="small soft figures"> {points(after - before)}</span>;
}
