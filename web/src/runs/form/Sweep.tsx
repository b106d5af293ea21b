/** Lists of values for some keys, from which several runs are made. */
import { useState } from "react";
import type { FormField } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Button, Card, Field, Hint } from "../../ui";
import { type Fault, parsed } from "../fields";
import { valueText } from "../valueText";

const texts = bothLanguages(
  {
    title: "Several runs",
    hint: "A sweep: a run for each combination of the values that you list, at most 64. They wait in the queue and train one after the other.",
    add: "Vary a setting",
    choose: "Choose a setting …",
    values: (key: string) => `Values of ${key}, one a line`,
    remove: (key: string) => `Do not vary ${key}`,
    removeWord: "Remove",
    count: (n: number) => `This makes ${n} runs:`,
    tooMany: (n: number) => `This makes ${n} runs; at most 64 can be made at once.`,
    wrong: (text: string) => `${text} is not a value that this setting takes.`,
    more: (n: number) => `and ${n} more`,
  },
  {
    title: "批量训练",
    hint: "参数扫描：对列出的值的每种组合各训练一次，最多 64 次，依次在队列中运行。",
    add: "改变一项设置",
    choose: "选择设置……",
    values: (key: string) => `${key} 的取值，每行一个`,
    remove: (key: string) => `不再改变 ${key}`,
    removeWord: "移除",
    count: (n: number) => `将产生 ${n} 个训练：`,
    tooMany: (n: number) => `将产生 ${n} 个训练，一次最多 64 个。`,
    wrong: (text: string) => `${text} 不是这项设置可用的值。`,
    more: (n: number) => `以及另外 ${n} 个`,
  },
);

/** Values by key. */
export type SweepLists = Readonly<Record<string, unknown[]>>;

const mostRuns = 64;
const shownRuns = 8;

/** Every choice of a value for each key, the last key changing fastest; none where a list is empty or all make too many. */
export function combinations(lists: SweepLists): Record<string, unknown>[] {
  const entries = Object.entries(lists);
  const count = countOf(lists);
  if (entries.length === 0 || count === 0 || count > mostRuns) return [];
  return entries.reduce<Record<string, unknown>[]>(
    (made, [key, values]) =>
      made.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    [{}],
  );
}

function countOf(lists: SweepLists): number {
  return Object.values(lists).reduce((product, { length }) => product * length, 1);
}

export function SweepFields(props: {
  fields: readonly FormField[];
  lists: SweepLists;
  name: string;
  onChange: (lists: SweepLists) => void;
}) {
  const t = useTexts(texts);
  const { fields, lists, onChange } = props;
  const keys = Object.keys(lists);
  const made = combinations(lists);
  const count = countOf(lists);
  const varied = fields.filter(
    ({ kind, key }) => kind !== "data" && kind !== "json" && !keys.includes(key),
  );
  return (
    <Card label={t.title}>
      <div className="stack">
        <h2>
          {t.title} <Hint about={t.title}>{t.hint}</Hint>
        </h2>
        {keys.map((key) => (
          <SweepList
            key={key}
            field={fields.find((field) => field.key === key)!}
            onChange={(values) => onChange({ ...lists, [key]: values })}
            onRemove={() => {
              const { [key]: _removed, ...others } = lists;
              onChange(others);
            }}
          />
        ))}
        <Field label={t.add}>
          {(ids) => (
            <select
              {...ids}
              className="input"
              value=""
              onChange={(event) => onChange({ ...lists, [event.target.value]: [] })}
            >
              <option value="" disabled>
                {t.choose}
              </option>
              {varied.map(({ key }) => (
                <option key={key}>{key}</option>
              ))}
            </select>
          )}
        </Field>
        {keys.length > 0 && count > mostRuns && <p className="bad-text">{t.tooMany(count)}</p>}
        {made.length > 0 && (
          <div role="status">
            <p>{t.count(made.length)}</p>
            <ul className="sweep-runs small">
              {made.slice(0, shownRuns).map((values) => (
                <li key={JSON.stringify(values)}>
                  {Object.entries(values)
                    .map(([key, value]) => `${key} ${valueText(value)}`)
                    .join(" · ")}
                </li>
              ))}
              {made.length > shownRuns && <li>{t.more(made.length - shownRuns)}</li>}
            </ul>
          </div>
        )}
      </div>
    </Card>
  );
}

function SweepList(props: {
  field: FormField;
  onChange: (values: unknown[]) => void;
  onRemove: () => void;
}) {
  const t = useTexts(texts);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const { field } = props;
  const change = (entered: string) => {
    setText(entered);
    const lines = entered
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    const read = lines.map((line) => ({ line, ...itemOf(field, line) }));
    setWrong(read.find((one) => "fault" in one)?.line ?? null);
    props.onChange(read.flatMap((one) => ("value" in one ? [one.value] : [])));
  };
  return (
    <div className="sweep-list">
      <Field label={t.values(field.key)} error={wrong === null ? null : t.wrong(wrong)}>
        {(ids) => (
          <textarea
            {...ids}
            className="input figures"
            rows={3}
            value={text}
            onChange={(event) => change(event.target.value)}
          />
        )}
      </Field>
      <Button tone="quiet" aria-label={t.remove(field.key)} onClick={props.onRemove}>
        {t.removeWord}
      </Button>
    </div>
  );
}

/** A line as a value of the key; of a list, one with a single item. */
function itemOf(field: FormField, line: string): { value: unknown } | { fault: Fault } {
  if (field.kind === "boolean") {
    if (line === "true" || line === "false") return { value: line === "true" };
    return { fault: "json" };
  }
  if (field.choices && !field.choices.includes(line)) return { fault: "json" };
  return parsed(field, line);
}
