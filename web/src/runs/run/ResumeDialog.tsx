import { useState } from "react";
import type { FormField, ResumeForm, ResumeRequest, RunDetail } from "../../../../src/serve/schema";
import { sendJson } from "../../api/client";
import { useResource } from "../../api/useResource";
import { bothLanguages, useTexts } from "../../language";
import { Button, Dialog, Loaded, useFormats } from "../../ui";
import { runPath } from "../addresses";
import {
  type Drafts,
  FieldInput,
  fieldsOf,
  isSame,
  Sections,
  type Values,
  withDraft,
} from "../fields";
import { useAction } from "../useAction";
import { valueText } from "../valueText";

const texts = bothLanguages(
  {
    title: "Go on with this run",
    exactly: (step: string) =>
      `It goes on from step ${step} exactly as if it had never stopped: the same weights, optimizer, data order and random numbers.`,
    changes: "Change something first",
    changesHint: "Only these settings can change without making the saved state void.",
    list: "These settings change:",
    goOn: "Go on exactly",
    goOnChanged: (n: number) => (n === 1 ? "Go on with 1 change" : `Go on with ${n} changes`),
    cancel: "Cancel",
  },
  {
    title: "继续这个训练",
    exactly: (step: string) =>
      `将从第 ${step} 步精确继续，与从未停止完全一致：相同的权重、优化器、数据顺序和随机数。`,
    changes: "先修改设置",
    changesHint: "只有这些设置可以修改而不使已保存的状态失效。",
    list: "将修改的设置：",
    goOn: "精确继续",
    goOnChanged: (n: number) => `修改 ${n} 项后继续`,
    cancel: "取消",
  },
);

const noOffers = { models: [], files: [] };

/** Goes on with a stopped run, exactly or with changes. */
export function ResumeDialog(props: {
  run: RunDetail;
  onClose: () => void;
  onResumed: () => void;
}) {
  const t = useTexts(texts);
  const form = useResource<ResumeForm>(runPath(props.run.id, "resume"));
  return (
    <Dialog label={t.title} onClose={props.onClose}>
      <div className="stack">
        <h2>{t.title}</h2>
        <Loaded resource={form}>{(form) => <ResumeChoice {...props} form={form} />}</Loaded>
      </div>
    </Dialog>
  );
}

function ResumeChoice(props: {
  run: RunDetail;
  form: ResumeForm;
  onClose: () => void;
  onResumed: () => void;
}) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const [changes, setChanges] = useState<Values>({});
  const [drafts, setDrafts] = useState<Drafts>({});
  const action = useAction();
  const { form, run } = props;
  const old = (field: FormField) =>
    field.key in form.values ? form.values[field.key] : field.default;
  const change = (field: FormField, value: unknown) =>
    setChanges((before) => {
      const { [field.key]: _before, ...others } = before;
      return isSame(value, old(field)) ? others : { ...others, [field.key]: value };
    });
  const changed = fieldsOf(form).filter(({ key }) => key in changes);
  const resume = async () => {
    const body: ResumeRequest = changed.length > 0 ? { changes } : {};
    await sendJson("POST", runPath(run.id, "resume"), body);
    props.onResumed();
  };
  return (
    <>
      <p>{t.exactly(count(form.from_step))}</p>
      <details className="fold">
        <summary>{t.changes}</summary>
        <div className="stack">
          <p className="small soft">{t.changesHint}</p>
          <Sections form={form} values={{ ...form.values, ...changes }}>
            {(field) => (
              <FieldInput
                key={field.key}
                field={{ ...field, default: old(field) }}
                value={field.key in changes ? changes[field.key] : old(field)}
                problem={null}
                offers={noOffers}
                onChange={(value) => change(field, value)}
                draft={drafts[field.key]}
                onDraft={(key, text) => setDrafts((before) => withDraft(before, key, text))}
              />
            )}
          </Sections>
        </div>
      </details>
      {changed.length > 0 && (
        <div role="status">
          <p>{t.list}</p>
          <ul className="changes">
            {changed.map((field) => (
              <li key={field.key}>
                <code>{field.key}</code> {valueText(old(field))} → {valueText(changes[field.key])}
              </li>
            ))}
          </ul>
        </div>
      )}
      {action.error && (
        <p className="bad-text" role="alert">
          {action.error}
        </p>
      )}
      <div className="actions">
        <Button
          tone="primary"
          disabled={action.isBusy || Object.keys(drafts).length > 0}
          onClick={() => action.run(resume)}
        >
          {changed.length === 0 ? t.goOn : t.goOnChanged(changed.length)}
        </Button>
        <Button onClick={props.onClose}>{t.cancel}</Button>
      </div>
    </>
  );
}
