import { type ReactNode, useEffect, useState } from "react";
import { bothLanguages, useTexts } from "../../language";
import { Empty, Failure, Field, Loading } from "../../ui";
import type { Chosen, TokenChoice } from "./useTokenSettings";

const texts = bothLanguages(
  {
    model: "Model",
    modelHint:
      "Each model cuts text into tokens in its own way, so the tokens are those of this one.",
    models: "Models",
    runs: "From runs",
    template: "Chat template",
    templateHint:
      "How the turns of a conversation become one text. Empty: the model's own. Others go by name, such as chatml.",
    own: "the model's own",
    length: "Longest sequence",
    lengthHint: "max_seq_length of the training: tokens after this many are cut off.",
    lengthError: "A whole number from 2 to 1,000,000.",
    none: "There is no model to read with",
    noneTodo: "Start the server with one, for example --model builtin:smollm2-135m.",
  },
  {
    model: "模型",
    modelHint: "每个模型切分词元的方式不同，这里显示的是该模型的词元。",
    models: "模型",
    runs: "训练所得",
    template: "对话模板",
    templateHint:
      "把多轮对话拼成一段文本的方式。留空则使用模型自带的模板，也可填写名称，如 chatml。",
    own: "模型自带",
    length: "最大序列长度",
    lengthHint: "即训练的 max_seq_length：超出的词元会被截断。",
    lengthError: "请填写 2 到 1,000,000 的整数。",
    none: "没有可用来切分词元的模型",
    noneTodo: "启动服务器时指定一个模型，例如 --model builtin:smollm2-135m。",
  },
);

/** Where these differ from file to file nobody compares: the choice holds for all. */
export function TokenSettings(props: {
  settings: TokenChoice;
  /** Whether the longest sequence makes a difference here. */
  withLength?: boolean;
  children: (chosen: Chosen) => ReactNode;
}) {
  const t = useTexts(texts);
  const { catalogue, entries, chosen, choose } = props.settings;
  if (catalogue.error) {
    return <Failure message={catalogue.error.message} onRetry={catalogue.reload} />;
  }
  if (catalogue.data === null) return <Loading />;
  if (chosen === null) {
    return (
      <Empty title={t.none}>
        <p>{t.noneTodo}</p>
      </Empty>
    );
  }
  const models = entries.filter(({ kind }) => kind === "model");
  const others = entries.filter(({ kind }) => kind !== "model");
  return (
    <>
      <div className="token-settings">
        <Field label={t.model} hint={t.modelHint}>
          {(ids) => (
            <select
              {...ids}
              className="input"
              value={chosen.model}
              onChange={(event) => choose({ model: event.target.value })}
            >
              <optgroup label={t.models}>
                {models.map(({ id, title }) => (
                  <option key={id} value={id}>
                    {title}
                  </option>
                ))}
              </optgroup>
              {others.length > 0 && (
                <optgroup label={t.runs}>
                  {others.map(({ id, title }) => (
                    <option key={id} value={id}>
                      {title}
                    </option>
                  ))}
                </optgroup>
              )}
            </select>
          )}
        </Field>
        <CommittedField
          label={t.template}
          hint={t.templateHint}
          placeholder={t.own}
          value={chosen.template}
          problemOf={() => null}
          onCommit={(template) => choose({ template })}
        />
        {props.withLength !== false && (
          <CommittedField
            label={t.length}
            hint={t.lengthHint}
            value={String(chosen.maxLength)}
            problemOf={(text) => (isLength(text) ? null : t.lengthError)}
            onCommit={(text) => choose({ maxLength: Number(text) })}
          />
        )}
      </div>
      {props.children(chosen)}
    </>
  );
}

function isLength(text: string): boolean {
  return /^\d{1,7}$/.test(text) && Number(text) >= 2 && Number(text) <= 1_000_000;
}

/** Takes effect by Enter or when it is left, not with every letter. */
function CommittedField(props: {
  label: string;
  hint: string;
  placeholder?: string;
  value: string;
  problemOf: (text: string) => string | null;
  onCommit: (text: string) => void;
}) {
  const [text, setText] = useState(props.value);
  useEffect(() => setText(props.value), [props.value]);
  const problem = props.problemOf(text);
  const commit = () => {
    if (problem === null && text !== props.value) props.onCommit(text);
  };
  return (
    <Field label={props.label} hint={props.hint} error={problem}>
      {(ids) => (
        <input
          {...ids}
          className="input"
          placeholder={props.placeholder}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.target.value.trim())}
          onBlur={commit}
          onKeyDown={(event) => event.key === "Enter" && commit()}
        />
      )}
    </Field>
  );
}
