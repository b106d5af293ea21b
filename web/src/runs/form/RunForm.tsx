import { useMemo, useState } from "react";
import type {
  CheckReport,
  ConfigForm,
  ConfigRequest,
  FormField,
  QueuedJob,
  SweepRequest,
} from "../../../../src/serve/schema";
import { sendJson } from "../../api/client";
import { addressOf, goTo } from "../../app/route";
import { bothLanguages, useTexts } from "../../language";
import { Button, Card, Command, Field, Tabs } from "../../ui";
import { runAddress } from "../addresses";
import {
  type Drafts,
  FieldInput,
  fieldsOf,
  type Offers,
  Sections,
  type Values,
  withDraft,
  withValue,
  yamlOf,
} from "../fields";
import { type Action, useAction } from "../useAction";
import { Report } from "./Report";
import { combinations, SweepFields, type SweepLists } from "./Sweep";

const texts = bothLanguages(
  {
    name: "Name of the run",
    nameHint: "Its folder below the server's runs has this name, too.",
    nameWrong: "Letters, digits, points, lines below and between; no blank.",
    check: "Check",
    checking: "Checking …",
    start: "Start now",
    queue: "Add to the queue",
    sweep: (n: number) => `Add ${n} runs to the queue`,
    startHint: "A run can start once the check has passed.",
    again: "The values changed since the check: check again.",
    preview: "What will be run",
    nothing: "Nothing differs from the defaults yet.",
    previewTabs: "Form of the preview",
    faults: "Not right yet:",
    nameFirst: "Give the run a name first.",
    terminal: "In a terminal",
    afterCheck: "The command comes with the check.",
    names: "Models and files stand here by their names; the command has their places.",
  },
  {
    name: "训练名称",
    nameHint: "服务器训练目录下的文件夹也用这个名称。",
    nameWrong: "只能使用字母、数字、点、下划线和连字符，不含空格。",
    check: "检查",
    checking: "检查中……",
    start: "立即开始",
    queue: "加入队列",
    sweep: (n: number) => `将 ${n} 个训练加入队列`,
    startHint: "检查通过后才能开始训练。",
    again: "检查之后又有改动，请重新检查。",
    preview: "将要运行的配置",
    nothing: "目前与默认值没有差异。",
    previewTabs: "预览格式",
    faults: "尚不正确：",
    nameFirst: "请先填写训练名称。",
    terminal: "终端命令",
    afterCheck: "检查后会给出命令。",
    names: "模型和文件在此以名称表示，命令中为实际路径。",
  },
);

/** What the server takes as a name; the check says so again. */
const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u;

export function RunForm(props: { form: ConfigForm; offers: Offers; start: ConfigRequest }) {
  const t = useTexts(texts);
  const [name, setName] = useState(props.start.name);
  const [values, setValues] = useState<Values>(props.start.values);
  const [lists, setLists] = useState<SweepLists>({});
  const [drafts, setDrafts] = useState<Drafts>({});
  const [checked, setChecked] = useState<{ of: string; report: CheckReport } | null>(null);
  const action = useAction();
  const fields = useMemo(() => fieldsOf(props.form), [props.form]);
  const request: ConfigRequest = {
    name,
    values,
    ...(props.start.from ? { from: props.start.from } : {}),
  };
  const now = JSON.stringify(request);
  const isChecked = checked?.of === now;
  const isNamed = namePattern.test(name);
  const faulty = Object.keys(drafts);
  const canCheck = isNamed && faulty.length === 0 && !action.isBusy;
  const check = async () => {
    const report = await sendJson<CheckReport>("POST", "api/check", request);
    setChecked({ of: now, report });
  };
  const problemOf = (key: string) =>
    (isChecked && checked.report.problems.find((problem) => problem.key === key)?.what) || null;
  const input = (field: FormField) => (
    <FieldInput
      key={field.key}
      field={field}
      value={field.key in values ? values[field.key] : field.default}
      problem={problemOf(field.key)}
      offers={props.offers}
      onChange={(value) => setValues((before) => withValue(before, field, value))}
      draft={drafts[field.key]}
      onDraft={(key, text) => setDrafts((before) => withDraft(before, key, text))}
    />
  );
  return (
    <div className="run-form">
      <div className="stack">
        <Field
          label={t.name}
          hint={t.nameHint}
          error={name !== "" && !isNamed ? t.nameWrong : null}
        >
          {(ids) => (
            <input
              {...ids}
              className="input"
              autoComplete="off"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Sections form={props.form} values={values}>
          {input}
        </Sections>
        <SweepFields fields={fields} lists={lists} name={name} onChange={setLists} />
      </div>
      <aside className="stack run-form-side">
        <Preview
          values={named(values, fields, props.offers)}
          command={isChecked ? checked.report.command : null}
        />
        <div className="actions">
          <Button disabled={!canCheck} onClick={() => action.run(check)}>
            {action.isBusy ? t.checking : t.check}
          </Button>
          <StartButtons
            request={request}
            lists={lists}
            isReady={isChecked && checked.report.ok && faulty.length === 0}
            action={action}
          />
        </div>
        {faulty.length > 0 && (
          <p className="small bad-text">
            {t.faults} {faulty.join(", ")}
          </p>
        )}
        {!isNamed && <p className="small soft">{t.nameFirst}</p>}
        {!isChecked && <p className="small soft">{checked === null ? t.startHint : t.again}</p>}
        {action.error && (
          <p className="bad-text" role="alert">
            {action.error}
          </p>
        )}
        <div aria-live="polite">{isChecked && <Report report={checked.report} />}</div>
      </aside>
    </div>
  );
}

function StartButtons(props: {
  request: ConfigRequest;
  lists: SweepLists;
  isReady: boolean;
  action: Action;
}) {
  const t = useTexts(texts);
  const { request, lists, action } = props;
  const isOff = !props.isReady || action.isBusy;
  const count = combinations(lists).length;
  const toRuns = () => goTo(addressOf(["runs"]));
  if (Object.keys(lists).length > 0) {
    const sweep = async () => {
      await sendJson("POST", "api/queue/sweep", { ...request, lists } satisfies SweepRequest);
      toRuns();
    };
    return (
      <Button tone="primary" disabled={isOff || count === 0} onClick={() => action.run(sweep)}>
        {t.sweep(count)}
      </Button>
    );
  }
  const start = async () => {
    const { run } = await sendJson<QueuedJob>("POST", "api/runs", request);
    if (run === null) toRuns();
    else goTo(runAddress(run));
  };
  const queue = async () => {
    await sendJson("POST", "api/queue", request);
    toRuns();
  };
  return (
    <>
      <Button tone="primary" disabled={isOff} onClick={() => action.run(start)}>
        {t.start}
      </Button>
      <Button disabled={isOff} onClick={() => action.run(queue)}>
        {t.queue}
      </Button>
    </>
  );
}

/** The values with names where the server has ids of models and files. */
function named(values: Values, fields: readonly FormField[], { models, files }: Offers): Values {
  const names = new Map([
    ...models.map(({ id, title }) => [id, title] as const),
    ...files.map(({ id, name }) => [id, name] as const),
  ]);
  const nameOf = (value: unknown) => names.get(String(value)) ?? value;
  const keys = fields.filter(({ kind }) => kind === "model" || kind === "data");
  const replaced = keys.flatMap(({ key }) => {
    const value = values[key];
    if (value === undefined) return [];
    return [[key, Array.isArray(value) ? value.map(nameOf) : nameOf(value)] as const];
  });
  return { ...values, ...Object.fromEntries(replaced) };
}

/** The same as files and as a command, to learn from or to take elsewhere. */
function Preview(props: { values: Values; command: string | null }) {
  const t = useTexts(texts);
  const [form, setForm] = useState<"yaml" | "json" | "terminal">("yaml");
  const isEmpty = Object.keys(props.values).length === 0;
  const text =
    form === "terminal"
      ? props.command
      : isEmpty
        ? null
        : form === "yaml"
          ? yamlOf(props.values)
          : JSON.stringify(props.values, null, 2);
  return (
    <Card label={t.preview}>
      <div className="stack">
        <h2>{t.preview}</h2>
        <Tabs
          label={t.previewTabs}
          tabs={[
            { id: "yaml", title: "YAML" },
            { id: "json", title: "JSON" },
            { id: "terminal", title: t.terminal },
          ]}
          chosen={form}
          onChoose={setForm}
        >
          {text === null ? (
            <p className="soft">{form === "terminal" ? t.afterCheck : t.nothing}</p>
          ) : (
            <Command>{text}</Command>
          )}
          {form !== "terminal" && text !== null && <p className="small soft">{t.names}</p>}
        </Tabs>
      </div>
    </Card>
  );
}
