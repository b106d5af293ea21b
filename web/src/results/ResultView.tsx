import type { ResultDetail, ResultList } from "../../../src/serve/schema";
import { useResource } from "../api/useResource";
import { addressOf, changeQuery, useRoute } from "../app/route";
import { bothLanguages, useLanguage, useTexts } from "../language";
import { Badge, Failure, Field, Hint, Loading, Tabs, useFormats } from "../ui";
import { Questions } from "./questions";
import { ReportButton } from "./ReportButton";
import { RunScores } from "./runScores";
import { ScoreTable } from "./scores";
import { useProtocolName } from "./useProtocolName";

const texts = bothLanguages(
  {
    all: "Results",
    path: "Where this is",
    tabs: "Views of this evaluation",
    scores: "Scores",
    questions: "Questions",
    notes: "Notes",
    noNotes: "Nothing special is to be said of this evaluation.",
    step: (step: string) => `step ${step}`,
    run: "its run",
    tasks: (count: number) => (count === 1 ? "1 task" : `${count} tasks`),
    against: "Compared with",
    ownBase: "its own base",
    alone: "nothing",
    protocolHint:
      "The words around a question change scores: only evaluations that asked alike can be compared.",
    notComparable: "These two cannot be compared",
  },
  {
    all: "评测",
    path: "当前位置",
    tabs: "此评测的视图",
    scores: "得分",
    questions: "题目",
    notes: "说明",
    noNotes: "此评测没有需要特别说明之处。",
    step: (step: string) => `第 ${step} 步`,
    run: "对应的训练",
    tasks: (count: number) => `${count} 项任务`,
    against: "对比对象",
    ownBase: "自身的基座",
    alone: "无",
    protocolHint: "提问的措辞会影响得分：只有提问方式相同的评测才能比较。",
    notComparable: "这两个评测无法比较",
  },
);

type TabName = "scores" | "questions" | "notes";

export function ResultView({ id }: { id: string }) {
  const t = useTexts(texts);
  const route = useRoute();
  const other = route.query.get("with");
  const query = other === null ? "" : `?${new URLSearchParams({ with: other })}`;
  const { data, error, reload } = useResource<ResultDetail>(
    `api/results/${encodeURIComponent(id)}${query}`,
  );
  return (
    <>
      <nav className="small result-path" aria-label={t.path}>
        <a href={addressOf(["results"])}>{t.all}</a> <span aria-hidden="true">/</span>
      </nav>
      {error !== null ? (
        <>
          <h1 className={other === null ? "visually-hidden" : ""}>
            {other === null ? t.all : t.notComparable}
          </h1>
          {other !== null && <OtherEvaluation id={id} base={null} />}
          <Failure message={error.message} onRetry={reload} />
        </>
      ) : data === null ? (
        <Loading />
      ) : (
        <Evaluation result={data} />
      )}
    </>
  );
}

function Evaluation({ result }: { result: ResultDetail }) {
  const t = useTexts(texts);
  const { count, moment } = useFormats();
  const protocolName = useProtocolName();
  const route = useRoute();
  const wanted = route.query.get("tab");
  const tab: TabName = wanted === "questions" || wanted === "notes" ? wanted : "scores";
  const tabs = [
    { id: "scores", title: t.scores },
    { id: "questions", title: t.questions },
    {
      id: "notes",
      title: result.notes.length > 0 ? `${t.notes} (${result.notes.length})` : t.notes,
    },
  ] satisfies { id: TabName; title: string }[];
  return (
    <>
      <header className="result-head">
        <div>
          <h1>{result.name}</h1>
          <p className="soft facts">
            <span>
              {result.model}
              {result.step !== null && `, ${t.step(count(result.step))}`}
            </span>
            {result.run !== null && <a href={addressOf(["runs", result.run])}>{t.run}</a>}
            <span>{t.tasks(result.tasks)}</span>
            <span>
              <Badge>{protocolName(result.protocol)}</Badge>{" "}
              <Hint about={protocolName(result.protocol)}>{t.protocolHint}</Hint>
            </span>
            <span>{moment(result.date)}</span>
          </p>
        </div>
        <div className="result-tools">
          <OtherEvaluation id={result.id} base={result.base} />
          <ReportButton id={result.id} />
        </div>
      </header>
      <Tabs
        label={t.tabs}
        tabs={tabs}
        chosen={tab}
        onChoose={(name) => changeQuery(route, { tab: name === "scores" ? null : name })}
      >
        {tab === "scores" && (
          <>
            <ScoreTable result={result} />
            {result.run !== null && <RunScores run={result.run} />}
          </>
        )}
        {tab === "questions" && <Questions result={result} />}
        {tab === "notes" && <Notes notes={result.notes} />}
      </Tabs>
    </>
  );
}

/** Chooses what the evaluation is compared with. */
function OtherEvaluation({ id, base }: { id: string; base: string | null }) {
  const t = useTexts(texts);
  const route = useRoute();
  const list = useResource<ResultList>("api/results");
  const results = list.data?.results ?? [];
  const own = results.find((result) => result.id === id);
  const others = results.filter((result) => result.id !== id);
  const other = route.query.get("with") ?? "";
  if (others.length === 0 && base === null) return null;
  const ownBase = own?.base ?? null;
  return (
    <Field label={t.against}>
      {(ids) => (
        <select
          {...ids}
          className="input result-other"
          value={other}
          onChange={(event) => changeQuery(route, { with: event.target.value || null })}
        >
          <option value="">{ownBase === null ? t.alone : `${t.ownBase}: ${ownBase}`}</option>
          {others.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function Notes({ notes }: Pick<ResultDetail, "notes">) {
  const t = useTexts(texts);
  const [language] = useLanguage();
  return (
    <section className="card" aria-label={t.notes}>
      {notes.length === 0 ? (
        <p className="soft">{t.noNotes}</p>
      ) : (
        <ul className="notes">
          {notes.map((note) => (
            <li key={note.en}>{note[language]}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
