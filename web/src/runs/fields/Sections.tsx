import { type ReactNode, useDeferredValue, useState } from "react";
import type { ConfigForm, FormField } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Card, Empty } from "../../ui";
import { isSame, type Values } from "./values";

const texts = bothLanguages(
  {
    search: "Search all settings",
    found: (n: number) => `${n} settings found`,
    none: "No setting matches",
    changed: (n: number) => `${n} changed`,
    essential: "What matters most",
    model: "Model",
    data: "Data",
    method: "Training method",
    memory: "Number types and memory",
    optimization: "Duration, optimizer, learning rate",
    logging: "Logging",
    evaluation: "Evaluation",
    watching: "Watching",
    checkpoints: "Checkpoints",
  },
  {
    search: "搜索全部设置",
    found: (n: number) => `找到 ${n} 项设置`,
    none: "没有匹配的设置",
    changed: (n: number) => `已改 ${n} 项`,
    essential: "最重要的设置",
    model: "模型",
    data: "数据",
    method: "训练方式",
    memory: "数值类型与内存",
    optimization: "时长、优化器与学习率",
    logging: "日志",
    evaluation: "评测",
    watching: "观察",
    checkpoints: "检查点",
  },
);

/** All fields: the essential ones open, the others folded; a search shows what it finds of all. */
export function Sections(props: {
  form: ConfigForm;
  values: Values;
  children: (field: FormField) => ReactNode;
}) {
  const t = useTexts(texts);
  const [text, setText] = useState("");
  const sought = useDeferredValue(text.trim().toLowerCase());
  const titles: Record<string, unknown> = t;
  const titleOf = (id: string) => (typeof titles[id] === "string" ? titles[id] : id);
  const found = props.form.sections
    .flatMap(({ fields }) => fields)
    .filter(({ key, help }) =>
      `${key} ${key.replaceAll("_", " ")} ${help}`.toLowerCase().includes(sought),
    );
  return (
    <>
      <input
        type="search"
        className="input"
        aria-label={t.search}
        placeholder={t.search}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {sought !== "" && (
        <Card label={t.search}>
          <p className="small soft" role="status">
            {t.found(found.length)}
          </p>
          {found.length === 0 ? (
            <Empty title={t.none} />
          ) : (
            <div className="form-grid">{found.map(props.children)}</div>
          )}
        </Card>
      )}
      {sought === "" &&
        props.form.sections.map(({ id, essential, fields }) =>
          essential ? (
            <Card key={id} label={titleOf(id)}>
              <div className="stack">
                <h2>{titleOf(id)}</h2>
                <div className="form-grid">{fields.map(props.children)}</div>
              </div>
            </Card>
          ) : (
            <Folded key={id} title={titleOf(id)} note={noteOf(fields, props.values, t.changed)}>
              {() => <div className="form-grid">{fields.map(props.children)}</div>}
            </Folded>
          ),
        )}
    </>
  );
}

function noteOf(fields: readonly FormField[], values: Values, tell: (n: number) => string): string {
  const changed = fields.filter(
    ({ key, default: usual }) => key in values && !isSame(values[key], usual),
  );
  return changed.length > 0 ? tell(changed.length) : "";
}

/** Its children are made when it is opened first: all keys at once are many. */
function Folded(props: { title: string; note: string; children: () => ReactNode }) {
  const [wasOpen, setOpen] = useState(false);
  return (
    <details className="fold card" onToggle={(event) => event.currentTarget.open && setOpen(true)}>
      <summary>
        {props.title} <span className="small soft">{props.note}</span>
      </summary>
      {wasOpen && props.children()}
    </details>
  );
}
