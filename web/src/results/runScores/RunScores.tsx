import { useState } from "react";
import type { Curve, RunCurves, RunList } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { bothLanguages, useTexts } from "../../language";
import { Failure, Field, Hint, Loading, useFormats } from "../../ui";
import { useScoreFormats } from "../useScoreFormats";

const texts = bothLanguages(
  {
    title: "Scores while a run trains",
    hint: "With eval_tasks a run asks the model benchmark questions now and then, so that it can be seen where it gets better and where worse.",
    run: "Run",
    none: "This run asked no benchmark questions while it trained. The key eval_tasks of its configuration does that.",
    point: (step: string, score: string) => `Step ${step}: ${score}`,
    range: (first: string, last: string) => `steps ${first} to ${last}`,
    curve: (name: string, first: string, last: string) => `${name}: from ${first} to ${last}`,
  },
  {
    title: "训练过程中的得分",
    hint: "设置 eval_tasks 后，训练会定期用基准题目向模型提问，可以看出哪里变好、哪里变差。",
    run: "训练",
    none: "这次训练过程中没有做基准测试；在配置中设置 eval_tasks 即可。",
    point: (step: string, score: string) => `第 ${step} 步：${score}`,
    range: (first: string, last: string) => `第 ${first} 到 ${last} 步`,
    curve: (name: string, first: string, last: string) => `${name}：从 ${first} 到 ${last}`,
  },
);

/** @param props.run the one to show; without it one can be chosen */
export function RunScores({ run }: { run?: string }) {
  return run === undefined ? <ChosenRun /> : <RunCurvesCard run={run} />;
}

function ChosenRun() {
  const t = useTexts(texts);
  const list = useResource<RunList>("api/runs");
  const [chosen, setChosen] = useState<string | null>(null);
  const runs = list.data?.runs ?? [];
  const run = chosen ?? runs[0]?.id;
  if (run === undefined) return null;
  return (
    <RunCurvesCard run={run}>
      {runs.length > 1 && (
        <Field label={t.run}>
          {(ids) => (
            <select
              {...ids}
              className="input"
              value={run}
              onChange={(event) => setChosen(event.target.value)}
            >
              {runs.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </RunCurvesCard>
  );
}

/** What else a run measures under `eval/`. */
const otherMetrics = /^eval\/(?:[^/]+|loss\/.*)$/;

function RunCurvesCard({ run, children }: { run: string; children?: React.ReactNode }) {
  const t = useTexts(texts);
  const { data, error, reload } = useResource<RunCurves>(
    `api/runs/${encodeURIComponent(run)}/curves?axis=step&points=200`,
  );
  const curves = Object.entries(data?.curves ?? {}).filter(
    ([name]) => name.startsWith("eval/") && !otherMetrics.test(name),
  );
  return (
    <section className="card run-scores" aria-label={t.title}>
      <div className="screen-head">
        <h2>
          {t.title} <Hint about={t.title}>{t.hint}</Hint>
        </h2>
        {children}
      </div>
      {error ? (
        <Failure message={error.message} onRetry={reload} />
      ) : data === null ? (
        <Loading />
      ) : curves.length === 0 ? (
        <p className="soft">{t.none}</p>
      ) : (
        <div className="small-curves">
          {curves.map(([name, curve]) => (
            <SmallCurve key={name} name={name.slice("eval/".length)} curve={curve} />
          ))}
        </div>
      )}
    </section>
  );
}

const width = 240;
const height = 72;
const edge = 6;

function SmallCurve({ name, curve }: { name: string; curve: Curve }) {
  const t = useTexts(texts);
  const { count, decimal } = useFormats();
  const { score } = useScoreFormats();
  const points = curve.x.flatMap((x, i) => {
    const y = curve.y[i];
    return y == null ? [] : [{ x, y }];
  });
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return null;
  const values = points.map(({ y }) => y);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const show = low >= 0 && high <= 1 ? score : decimal;
  const atX = (x: number) =>
    edge + ((x - first.x) / Math.max(1, last.x - first.x)) * (width - 2 * edge);
  const atY = (y: number) => height - edge - ((y - low) / (high - low || 1)) * (height - 2 * edge);
  const shown = points.length === 1 ? [first] : points;
  return (
    <figure className="small-curve">
      <figcaption>
        <span>{name}</span> <b className="figures">{show(last.y)}</b>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={t.curve(name, show(first.y), show(last.y))}
      >
        <polyline points={shown.map(({ x, y }) => `${atX(x)},${atY(y)}`).join(" ")} />
        {shown.map(({ x, y }) => (
          <circle key={x} cx={atX(x)} cy={atY(y)} r="3.5">
            <title>{t.point(count(x), show(y))}</title>
          </circle>
        ))}
      </svg>
      <span className="small soft">{t.range(count(first.x), count(last.x))}</span>
    </figure>
  );
}
