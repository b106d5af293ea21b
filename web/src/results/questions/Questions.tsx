import { useMemo } from "react";
import type { ResultDetail, ResultQuestions } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { changeQuery, useRoute } from "../../app/route";
import { bothLanguages, useTexts } from "../../language";
import { Empty, Failure, Field, Loading, Pager } from "../../ui";
import { Question } from "./Question";

const texts = bothLanguages(
  {
    title: "Questions",
    task: "Task",
    allTasks: "all tasks",
    show: "Show",
    shows: { all: "all", wrong: "answered wrongly", gained: "gained", lost: "lost" },
    none: "No question fits",
    noneGained: "There is no question that only this model answers rightly.",
    noneLost: "There is no question that only the base answers rightly.",
  },
  {
    title: "题目",
    task: "任务",
    allTasks: "全部任务",
    show: "显示",
    shows: { all: "全部", wrong: "答错的", gained: "新答对的", lost: "新答错的" },
    none: "没有符合的题目",
    noneGained: "没有只有此模型答对的题目。",
    noneLost: "没有只有基座答对的题目。",
  },
);

const onPage = 10;
const shows = ["all", "wrong", "gained", "lost"] as const;
type Show = (typeof shows)[number];

export function Questions({ result }: { result: ResultDetail }) {
  const t = useTexts(texts);
  const route = useRoute();
  const hasBase = result.rows.some(({ base_score }) => base_score !== null);
  const tasks = useMemo(
    () =>
      new Map(result.rows.map(({ task, benchmark, label }) => [task ?? benchmark, label] as const)),
    [result.rows],
  );
  const task = route.query.get("task") ?? "";
  const asked = route.query.get("show") as Show | null;
  const show: Show = asked !== null && shows.includes(asked) ? asked : "all";
  const page = /^\d{1,6}$/.exec(route.query.get("page") ?? "")?.[0];
  const offset = page === undefined ? 0 : onPage * Number(page);
  const query = new URLSearchParams({ show, offset: String(offset), limit: String(onPage) });
  if (task !== "") query.set("task", task);
  const other = route.query.get("with");
  if (other !== null) query.set("with", other);
  const metric = route.query.get("metric");
  if (metric !== null) query.set("metric", metric);
  const { data, error, reload } = useResource<ResultQuestions>(
    `api/results/${encodeURIComponent(result.id)}/questions?${query}`,
  );
  return (
    <>
      <div className="result-tools">
        {tasks.size > 1 && (
          <Field label={t.task}>
            {(ids) => (
              <select
                {...ids}
                className="input"
                value={task}
                onChange={(event) =>
                  changeQuery(route, {
                    task: event.target.value || null,
                    metric: null,
                    page: null,
                  })
                }
              >
                <option value="">{t.allTasks}</option>
                {[...tasks].map(([name, label]) => (
                  <option key={name} value={name}>
                    {label}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
        <Field label={t.show}>
          {(ids) => (
            <select
              {...ids}
              className="input"
              value={show}
              onChange={(event) => changeQuery(route, { show: event.target.value, page: null })}
            >
              {shows
                .filter((name) => hasBase || name === "all" || name === "wrong")
                .map((name) => (
                  <option key={name} value={name}>
                    {t.shows[name]}
                  </option>
                ))}
            </select>
          )}
        </Field>
      </div>
      {error ? (
        <Failure message={error.message} onRetry={reload} />
      ) : data === null ? (
        <Loading />
      ) : data.questions.length === 0 ? (
        <Empty title={t.none}>
          {show === "gained" && <p>{t.noneGained}</p>}
          {show === "lost" && <p>{t.noneLost}</p>}
        </Empty>
      ) : (
        <>
          <ol className="questions" aria-label={t.title}>
            {data.questions.map((question) => (
              <Question key={question.id} question={question} base={result.base} />
            ))}
          </ol>
          <Pager
            offset={offset}
            size={onPage}
            shown={data.questions.length}
            total={data.total}
            onMove={(to) => changeQuery(route, { page: to === 0 ? null : String(to / onPage) })}
          />
        </>
      )}
    </>
  );
}
