/** What is loaded and what can be. */
import { useState } from "react";
import type { CatalogueEntry, ServedModel } from "../../../../src/serve/schema";
import { ApiError } from "../../api/client";
import { bothLanguages, useTexts } from "../../language";
import { Badge, Button, Dialog, useFormats } from "../../ui";
import { entryNamed, type Models } from "./useModels";

const texts = bothLanguages(
  {
    title: "Models",
    close: "Close",
    loaded: "Loaded",
    available: "Can be loaded",
    none: "Nothing is loaded. Load a model below to talk to it.",
    nothing:
      "Nothing else was found. Results and checkpoints of training runs appear here by themselves.",
    load: "Load",
    unload: "Unload",
    loading: "Loading",
    failed: "Failed",
    parameters: "parameters",
    context: "tokens of context",
    memory: "of memory",
    base: "on",
    find: "Find by name",
    kinds: { model: "Model", adapter: "Adapter", checkpoint: "Checkpoint" },
  },
  {
    title: "模型",
    close: "关闭",
    loaded: "已加载",
    available: "可以加载",
    none: "还没有加载模型。在下面加载一个，就可以开始对话。",
    nothing: "没有找到其他模型。训练的结果和检查点会自动出现在这里。",
    load: "加载",
    unload: "卸载",
    loading: "加载中",
    failed: "失败",
    parameters: "参数",
    context: "个词元的上下文",
    memory: "内存",
    base: "基于",
    find: "按名称查找",
    kinds: { model: "模型", adapter: "适配器", checkpoint: "检查点" },
  },
);

/** Beyond this many entries there is a field to find them by. */
const fewEntries = 8;

export function ModelDialog({ models, onClose }: { models: Models; onClose: () => void }) {
  const t = useTexts(texts);
  const [problem, setProblem] = useState<string | null>(null);
  const [wanted, setWanted] = useState("");
  const act = (action: Promise<void>) => {
    setProblem(null);
    action.catch((error: unknown) =>
      setProblem(error instanceof ApiError ? error.message : String(error)),
    );
  };
  const served = models.status?.models ?? [];
  const open = models.catalogue.filter(
    ({ id, loaded_as }) => loaded_as === null && !served.some(({ source }) => source === id),
  );
  const found = open.filter(({ title }) => title.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <Dialog label={t.title} onClose={onClose}>
      <div className="model-dialog">
        <header className="screen-head">
          <h2>{t.title}</h2>
          <Button onClick={onClose}>{t.close}</Button>
        </header>
        {problem && (
          <p role="alert" className="bad-text">
            {problem}
          </p>
        )}
        <h3>{t.loaded}</h3>
        {served.length === 0 && <p className="soft">{t.none}</p>}
        <ul className="model-list">
          {served.map((model) => (
            <LoadedModel
              key={model.name}
              model={model}
              onUnload={() => act(models.unload(model.name))}
            />
          ))}
        </ul>
        <h3>{t.available}</h3>
        {open.length === 0 && <p className="soft">{t.nothing}</p>}
        {open.length > fewEntries && (
          <input
            className="input"
            type="search"
            aria-label={t.find}
            placeholder={t.find}
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        )}
        <ul className="model-list">
          {found.map((entry) => (
            <AvailableModel
              key={entry.id}
              entry={entry}
              base={entry.base && (entryNamed(models, entry.base)?.title ?? entry.base)}
              onLoad={() => act(models.load(entry.id))}
            />
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

function LoadedModel({ model, onUnload }: { model: ServedModel; onUnload: () => void }) {
  const t = useTexts(texts);
  const format = useFormats();
  const {
    name,
    state,
    progress,
    error,
    parameters,
    context,
    weights,
    memory_bytes: memory,
  } = model;
  const facts = [
    ...(parameters === null ? [] : [`${shortCount(parameters)} ${t.parameters}`]),
    ...(context === null ? [] : [`${format.count(context)} ${t.context}`]),
    ...(weights === null ? [] : [weights]),
    ...(memory === null ? [] : [`${format.bytes(memory)} ${t.memory}`]),
  ];
  return (
    <li>
      <div>
        <strong>{name}</strong>{" "}
        {state === "loading" && (
          <Badge tone="accent">
            {t.loading} {progress === null ? "" : format.percent(progress)}
          </Badge>
        )}
        {state === "failed" && <Badge tone="bad">{t.failed}</Badge>}
        <p className="small soft">{facts.join(" · ")}</p>
        {state === "loading" && (
          <progress aria-label={`${t.loading} ${name}`} value={progress ?? undefined} max={1} />
        )}
        {error && <p className="small bad-text">{error}</p>}
      </div>
      <Button aria-label={`${t.unload} ${name}`} onClick={onUnload}>
        {t.unload}
      </Button>
    </li>
  );
}

/** 135M, 7.2B: as models are called. */
function shortCount(value: number): string {
  return value >= 1e9 ? `${(value / 1e9).toPrecision(2)}B` : `${Math.round(value / 1e6)}M`;
}

function AvailableModel(props: {
  entry: CatalogueEntry;
  /** Name of what it builds on. */
  base: string | null;
  onLoad: () => void;
}) {
  const { entry, base, onLoad } = props;
  const t = useTexts(texts);
  return (
    <li>
      <div>
        <strong>{entry.title}</strong>
        <p className="small soft">
          {t.kinds[entry.kind]}
          {base && ` · ${t.base} ${base}`}
        </p>
      </div>
      <Button aria-label={`${t.load} ${entry.title}`} onClick={onLoad}>
        {t.load}
      </Button>
    </li>
  );
}
