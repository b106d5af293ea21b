import type { StepRow, StepRows } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { addressOf } from "../../app/route";
import { bothLanguages, useTexts } from "../../language";
import { Button, Dialog, Loaded, useFormats } from "../../ui";
import { runPath } from "../addresses";

const texts = bothLanguages(
  {
    title: (step: string) => `Rows of step ${step}`,
    explanation:
      "What the model learnt from in this step, the largest loss first. A spike is not always the fault of its rows: the state of the weights has its part.",
    loss: "loss",
    tokens: "learnt tokens",
    open: "Open in Data",
    none: "No row is known for this step.",
    close: "Close",
    line: "line",
  },
  {
    title: (step: string) => `第 ${step} 步的数据行`,
    explanation:
      "模型在这一步学习的数据，损失最大的在前。尖峰不一定是数据的问题，也与当时的权重状态有关。",
    loss: "损失",
    tokens: "学习的词元",
    open: "在数据页打开",
    none: "这一步没有记录数据行。",
    close: "关闭",
    line: "行",
  },
);

/** The rows that a step learnt from. */
export function RowsDialog(props: { run: string; step: number; onClose: () => void }) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const rows = useResource<StepRows>(runPath(props.run, `rows?step=${props.step}`));
  const title = t.title(count(props.step));
  return (
    <Dialog label={title} onClose={props.onClose}>
      <div className="stack">
        <h2>{title}</h2>
        <p className="soft">{t.explanation}</p>
        <Loaded resource={rows}>
          {({ rows }) =>
            rows.length === 0 ? (
              <p>{t.none}</p>
            ) : (
              <ol className="step-rows">
                {rows.map((row) => (
                  <RowOfStep key={`${row.file}:${row.line}`} row={row} />
                ))}
              </ol>
            )
          }
        </Loaded>
        <div className="actions">
          <Button onClick={props.onClose}>{t.close}</Button>
        </div>
      </div>
    </Dialog>
  );
}

function RowOfStep({ row }: { row: StepRow }) {
  const t = useTexts(texts);
  const { count, decimal } = useFormats();
  const facts = [
    `${t.loss} ${decimal(row.loss)}`,
    row.labelled_tokens !== null && `${count(row.labelled_tokens)} ${t.tokens}`,
  ].filter(Boolean);
  return (
    <li>
      <div className="screen-head">
        <code>
          {row.file}:{row.line}
        </code>
        <span className="small figures">{facts.join(" · ")}</span>
      </div>
      {row.preview !== null && <p className="preview">{row.preview}</p>}
      {row.data !== null && row.row !== null && (
        <a className="small" href={addressOf(["data", row.data], { row: String(row.row) })}>
          {t.open}
        </a>
      )}
    </li>
  );
}
