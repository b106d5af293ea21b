import { Fragment, useMemo, useState } from "react";
import type { ResultDetail, ResultRow } from "../../../../src/serve/schema";
import { addressOf } from "../../app/route";
import { useTexts } from "../../language";
import { Badge, Empty, Field, Hint, TableFrame, useFormats } from "../../ui";
import { useScoreFormats } from "../useScoreFormats";
import { blocksOf, filterBlocks, type Order, orders, sortBlocks, verdictOf } from "./arrange";
import { scoreTexts } from "./texts";
import { type Axis, axisOf, Whiskers } from "./Whiskers";

export function ScoreTable({ result }: { result: ResultDetail }) {
  const t = useTexts(scoreTexts);
  const [filter, setFilter] = useState("");
  const [order, setOrder] = useState<Order>("asked");
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => blocksOf(result.rows), [result.rows]);
  const axis = useMemo(() => axisOf(result.rows), [result.rows]);
  const hasBase = result.rows.some(({ base_score }) => base_score !== null);
  const blocks = sortBlocks(filterBlocks(all, filter), order);
  const lines = all.reduce((sum, { subjects }) => sum + 1 + subjects.length, 0);
  const toggle = (key: string) =>
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  return (
    <section className="card scores" aria-label={t.title}>
      {lines > 3 && (
        <div className="result-tools">
          <Field label={t.filter}>
            {(ids) => (
              <input
                {...ids}
                className="input"
                type="search"
                value={filter}
                onChange={(event) => setFilter(event.target.value)}
              />
            )}
          </Field>
          <Field label={t.order}>
            {(ids) => (
              <select
                {...ids}
                className="input"
                value={order}
                onChange={(event) => setOrder(event.target.value as Order)}
              >
                {orders
                  .filter((name) => hasBase || name === "asked" || name === "score")
                  .map((name) => (
                    <option key={name} value={name}>
                      {t.orders[name]}
                    </option>
                  ))}
              </select>
            )}
          </Field>
        </div>
      )}
      {hasBase && <Legend base={result.base} />}
      {blocks.length === 0 ? (
        <Empty title={t.noMatch} />
      ) : (
        <TableFrame label={t.title}>
          <Head axis={axis} hasBase={hasBase} />
          <tbody>
            {blocks.map(({ head, subjects }) => {
              const key = `${head.benchmark} ${head.metric} ${head.task}`;
              const isOpen = open.has(key) || (filter.trim() !== "" && subjects.length > 0);
              return (
                <Fragment key={key}>
                  <Line
                    result={result}
                    row={head}
                    axis={axis}
                    hasBase={hasBase}
                    {...(subjects.length > 0
                      ? { count: subjects.length, isOpen, onToggle: () => toggle(key) }
                      : {})}
                  />
                  {isOpen &&
                    subjects.map((row) => (
                      <Line
                        key={row.task}
                        result={result}
                        row={row}
                        axis={axis}
                        hasBase={hasBase}
                      />
                    ))}
                </Fragment>
              );
            })}
          </tbody>
        </TableFrame>
      )}
    </section>
  );
}

function Legend({ base }: { base: string | null }) {
  const t = useTexts(scoreTexts);
  return (
    <ul className="score-legend small soft">
      <li className="tuned">{t.thisModel}</li>
      <li className="base">{base ?? t.base}</li>
      <li>{t.whiskers}</li>
    </ul>
  );
}

function Head({ axis, hasBase }: { axis: Axis; hasBase: boolean }) {
  const t = useTexts(scoreTexts);
  const { percent } = useFormats();
  return (
    <thead>
      <tr>
        <th scope="col">{t.benchmark}</th>
        <th scope="col" className="number">
          {t.questions}
        </th>
        <th scope="col" className="number">
          {t.score} <Hint about={t.score}>{t.scoreHint}</Hint>
        </th>
        <th scope="col">
          <span className="whisker-axis">
            <span>{percent(axis.low)}</span>
            <span>{percent(axis.high)}</span>
          </span>
        </th>
        {hasBase && (
          <>
            <th scope="col" className="number">
              {t.base}
            </th>
            <th scope="col">
              {t.difference} <Hint about={t.difference}>{t.differenceHint}</Hint>
            </th>
            <th scope="col" className="number">
              p <Hint about="p">{t.pHint}</Hint>
            </th>
            <th scope="col">
              {t.flips} <Hint about={t.flips}>{t.flipsHint}</Hint>
            </th>
          </>
        )}
      </tr>
    </thead>
  );
}

function Line(props: {
  result: ResultDetail;
  row: ResultRow;
  axis: Axis;
  hasBase: boolean;
  count?: number;
  isOpen?: boolean;
  onToggle?: () => void;
}) {
  const t = useTexts(scoreTexts);
  const { count } = useFormats();
  const { scoreOf } = useScoreFormats();
  const { row, axis, onToggle } = props;
  const score = scoreOf(row);
  const name = row.label;
  return (
    <tr className={row.task === null ? "benchmark" : "subject"}>
      <th scope="row">
        {onToggle ? (
          <button
            type="button"
            className="unfold"
            aria-expanded={props.isOpen ?? false}
            onClick={onToggle}
          >
            <span aria-hidden="true">{props.isOpen ? "▾" : "▸"}</span> {name}{" "}
            <span className="small soft">{t.subjects(props.count ?? 0)}</span>
          </button>
        ) : (
          name
        )}
        <div className="small soft">{row.metric}</div>
      </th>
      <td className="number">{count(row.questions)}</td>
      <td className="number">
        <b>{score(row.score)}</b>
        {row.error !== null && <div className="small soft">± {score(row.error)}</div>}
        {row.interval && (
          <div className="visually-hidden">
            {t.interval(score(row.interval[0]), score(row.interval[1]))}
          </div>
        )}
      </td>
      <td>{row.is_share && <Whiskers row={row} axis={axis} />}</td>
      {props.hasBase && <BaseCells result={props.result} row={row} />}
    </tr>
  );
}

function BaseCells({ result, row }: { result: ResultDetail; row: ResultRow }) {
  const t = useTexts(scoreTexts);
  const { count } = useFormats();
  const { scoreOf, changeOf, rangeOf, p } = useScoreFormats();
  const [score, points, range] = [scoreOf(row), changeOf(row), rangeOf(row)];
  const verdict = verdictOf(row);
  const place = (show: string) =>
    addressOf(["results", result.id], {
      ...Object.fromEntries(new URLSearchParams(location.hash.split("?")[1] ?? "")),
      tab: "questions",
      show,
      task: row.task ?? row.benchmark,
      metric: row.metric,
    });
  return (
    <>
      <td className="number">
        {score(row.base_score)}
        {row.base_error !== null && <div className="small soft">± {score(row.base_error)}</div>}
      </td>
      <td>
        {points(row.difference)}{" "}
        {verdict && (
          <Badge tone={verdict === "better" ? "good" : verdict === "worse" ? "bad" : ""}>
            {t.verdicts[verdict]}
          </Badge>
        )}
        {row.difference_interval && (
          <div className="small soft">{range(row.difference_interval)}</div>
        )}
      </td>
      <td className="number">{p(row.p_value)}</td>
      <td>
        {row.gained === null || row.lost === null ? (
          "–"
        ) : (
          <span className="flips">
            <Flips place={place("gained")} count={row.gained} words={t.gained(count(row.gained))} />
            <Flips place={place("lost")} count={row.lost} words={t.lost(count(row.lost))} />
          </span>
        )}
      </td>
    </>
  );
}

function Flips(props: { place: string; count: number; words: string }) {
  return props.count === 0 ? (
    <span className="soft">{props.words}</span>
  ) : (
    <a href={props.place}>{props.words}</a>
  );
}
