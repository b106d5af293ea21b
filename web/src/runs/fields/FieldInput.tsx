/** A control for a key of the configuration. */
import { useEffect, useState } from "react";
import type { CatalogueEntry, DataFile, FormField } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Button, Field, useFormats } from "../../ui";
import { keyTitles } from "./keyTitles";
import { type Fault, isSame, parsed, typed } from "./values";

const texts = bothLanguages(
  {
    changed: "changed",
    reset: "Back to the default",
    defaultIs: (value: string) => `Default: ${value}`,
    nothing: "nothing",
    on: "on",
    off: "off",
    unset: "not set",
    aLine: "One item a line",
    choose: "Choose …",
    another: "Another: name on the hub",
    hubName: "Name on the hub",
    noData: "No data file was found. Start the server with --data DIR.",
    number: "This is no number.",
    integer: "This must be a whole number.",
    json: "This is no JSON.",
    small: (limit: string) => `The least is ${limit}.`,
    large: (limit: string) => `The most is ${limit}.`,
    empty: "A value is needed.",
  },
  {
    changed: "已修改",
    reset: "恢复默认值",
    defaultIs: (value: string) => `默认：${value}`,
    nothing: "无",
    on: "开",
    off: "关",
    unset: "未设置",
    aLine: "每行一项",
    choose: "请选择……",
    another: "其他：Hub 上的名称",
    hubName: "Hub 上的名称",
    noData: "没有找到数据文件。请用 --data DIR 启动服务器。",
    number: "这不是数字。",
    integer: "必须是整数。",
    json: "这不是 JSON。",
    small: (limit: string) => `最小为 ${limit}。`,
    large: (limit: string) => `最大为 ${limit}。`,
    empty: "需要填写。",
  },
);

/** What models and files there are to choose from. */
export interface Offers {
  models: readonly CatalogueEntry[];
  files: readonly DataFile[];
}

interface ControlProps {
  field: FormField;
  value: unknown;
  ids: { id: string; "aria-describedby"?: string; "aria-invalid"?: boolean };
  onChange: (value: unknown) => void;
  draft: string | undefined;
  onDraft: (text: string | null) => void;
  offers: Offers;
}

export function FieldInput(props: {
  field: FormField;
  /** The value that holds: the default, where nothing else was chosen. */
  value: unknown;
  /** What the server said of it. */
  problem: string | null;
  offers: Offers;
  onChange: (value: unknown) => void;
  /** What was typed, where it is no value of the key. */
  draft: string | undefined;
  /** @param text null once there is a value again */
  onDraft: (key: string, text: string | null) => void;
}) {
  const t = useTexts(texts);
  const titles: Partial<Record<string, string>> = useTexts(keyTitles);
  const { field, value, draft } = props;
  const fault = draft === undefined ? null : faultOf(field, draft);
  const isChanged = !isSame(value, field.default);
  const limit = String(fault === "large" ? field.maximum : field.minimum);
  const said = fault === "small" || fault === "large" ? t[fault](limit) : fault && t[fault];
  const onDraft = (text: string | null) => props.onDraft(field.key, text);
  return (
    <div className={`form-field ${isChanged ? "changed" : ""}`}>
      <Field
        label={field.key}
        title={titles[field.key]}
        hint={<span lang="en">{field.help}</span>}
        error={said ?? props.problem}
      >
        {(ids) => (
          <Control
            field={field}
            value={value}
            ids={ids}
            offers={props.offers}
            onChange={props.onChange}
            draft={draft}
            onDraft={onDraft}
          />
        )}
      </Field>
      {(isChanged || fault !== null) && field.kind !== "model" && field.kind !== "data" && (
        <p className="small soft">
          <b>{t.changed}</b> · {t.defaultIs(typed(field.default) || t.nothing)}{" "}
          <Button
            tone="quiet"
            aria-label={`${t.reset}: ${field.key}`}
            onClick={() => {
              onDraft(null);
              props.onChange(field.default);
            }}
          >
            ↺
          </Button>
        </p>
      )}
    </div>
  );
}

function faultOf(field: FormField, text: string): Fault | null {
  const read = parsed(field, text);
  return "fault" in read ? read.fault : null;
}

function Control(props: ControlProps) {
  switch (props.field.kind) {
    case "boolean":
      return <BooleanControl {...props} />;
    case "choice":
      return <ChoiceControl {...props} />;
    case "model":
      return <ModelControl {...props} />;
    case "data":
      return <DataControl {...props} />;
    default:
      return <TextControl {...props} />;
  }
}

function TextControl({ field, value, ids, onChange, draft, onDraft }: ControlProps) {
  const t = useTexts(texts);
  const [text, setText] = useState(draft ?? typed(value));
  // The value changes by itself when it is reset, or when a run is taken as the beginning.
  useEffect(() => {
    if (draft !== undefined) return;
    setText((before) => {
      const own = parsed(field, before);
      return "value" in own && isSame(own.value, value) ? before : typed(value);
    });
  }, [field, value, draft]);
  const change = (entered: string) => {
    setText(entered);
    const read = parsed(field, entered);
    onDraft("fault" in read ? entered : null);
    if ("value" in read) onChange(read.value);
  };
  if (field.kind === "list" || field.kind === "json") {
    return (
      <textarea
        {...ids}
        className="input"
        rows={Math.min(8, Math.max(2, text.split("\n").length))}
        placeholder={field.kind === "list" ? t.aLine : "{ }"}
        value={text}
        onChange={(event) => change(event.target.value)}
      />
    );
  }
  const isNumber = field.kind === "number" || field.kind === "integer";
  return (
    <input
      {...ids}
      className="input figures"
      type="text"
      inputMode={isNumber ? "decimal" : "text"}
      placeholder={field.nullable ? t.unset : undefined}
      autoComplete="off"
      spellCheck={false}
      value={text}
      onChange={(event) => change(event.target.value)}
    />
  );
}

function BooleanControl({ field, value, ids, onChange }: ControlProps) {
  const t = useTexts(texts);
  const values: Record<string, boolean | null> = { "": null, true: true, false: false };
  return (
    <select
      {...ids}
      className="input"
      value={value === null || value === undefined ? "" : String(value)}
      onChange={(event) => onChange(values[event.target.value] ?? null)}
    >
      {field.nullable && <option value="">{t.unset}</option>}
      <option value="true">{t.on}</option>
      <option value="false">{t.off}</option>
    </select>
  );
}

function ChoiceControl({ field, value, ids, onChange }: ControlProps) {
  const t = useTexts(texts);
  const chosen = typed(value);
  return (
    <select
      {...ids}
      className="input"
      value={chosen}
      onChange={(event) => onChange(event.target.value === "" ? null : event.target.value)}
    >
      {(field.nullable || chosen === "") && <option value="">{t.unset}</option>}
      {field.choices?.map((choice) => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </select>
  );
}

const another = "\0another";

function ModelControl({ field, value, ids, onChange, offers }: ControlProps) {
  const t = useTexts(texts);
  const text = typed(value);
  const isListed = offers.models.some(({ id }) => id === text);
  const [isOther, setOther] = useState(text !== "" && !isListed && offers.models.length > 0);
  return (
    <>
      <select
        {...ids}
        className="input"
        value={isOther ? another : isListed ? text : ""}
        onChange={(event) => {
          const { value: chosen } = event.target;
          setOther(chosen === another);
          onChange(chosen === another || chosen === "" ? null : chosen);
        }}
      >
        <option value="">{field.nullable ? t.unset : t.choose}</option>
        {offers.models.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
        <option value={another}>{t.another}</option>
      </select>
      {isOther && (
        <input
          className="input"
          aria-label={`${field.key}: ${t.hubName}`}
          placeholder="Qwen/Qwen3-0.6B"
          value={isListed ? "" : text}
          onChange={(event) => onChange(event.target.value || null)}
        />
      )}
    </>
  );
}

/** Several files to learn from; one where a key takes one. */
function DataControl({ field, value, ids, onChange, offers }: ControlProps) {
  const t = useTexts(texts);
  const { bytes } = useFormats();
  if (offers.files.length === 0) return <p className="small soft">{t.noData}</p>;
  const chosen = (Array.isArray(value) ? value : value == null ? [] : [value]).map(String);
  if (field.key === "sample_dialogue") {
    return (
      <select
        {...ids}
        className="input"
        value={chosen[0] ?? ""}
        onChange={(event) => onChange(event.target.value || null)}
      >
        <option value="">{t.unset}</option>
        {offers.files.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    );
  }
  const toggle = (id: string, isChosen: boolean) => {
    const ids = isChosen ? [...chosen, id] : chosen.filter((other) => other !== id);
    onChange(ids.length === 0 ? field.default : ids);
  };
  return (
    <fieldset className="file-choice" {...ids}>
      <legend className="visually-hidden">{field.key}</legend>
      {offers.files.map(({ id, name, bytes: size }) => (
        <label key={id} className="check">
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={(event) => toggle(id, event.target.checked)}
          />
          <span>
            {name} <span className="small soft">{bytes(size)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
