import { useState } from "react";
import { bothLanguages, useTexts } from "../../language";
import { Button } from "../../ui";
import { ModelDialog } from "./ModelDialog";
import type { Models } from "./useModels";

const texts = bothLanguages(
  {
    model: "Model",
    manage: "Models",
    none: "No model is loaded",
    loading: "loading",
    gone: "not loaded",
  },
  { model: "模型", manage: "管理模型", none: "还没有加载模型", loading: "加载中", gone: "未加载" },
);

/** Chooses among the loaded models, and opens the dialog that loads others. */
export function ModelPicker(props: {
  models: Models;
  chosen: string | null;
  onChoose: (name: string) => void;
}) {
  const t = useTexts(texts);
  const [isOpen, setOpen] = useState(false);
  const served = props.models.status?.models ?? [];
  const isThere = served.some(({ name }) => name === props.chosen);
  return (
    <div className="model-picker">
      <select
        className="input"
        aria-label={t.model}
        value={props.chosen ?? ""}
        onChange={(event) => props.onChoose(event.target.value)}
      >
        {!isThere && (
          <option value={props.chosen ?? ""} disabled>
            {props.chosen ? `${props.chosen} (${t.gone})` : t.none}
          </option>
        )}
        {served.map(({ name, state }) => (
          <option key={name} value={name} disabled={state !== "ready"}>
            {state === "ready" ? name : `${name} (${state === "loading" ? t.loading : t.gone})`}
          </option>
        ))}
      </select>
      <Button onClick={() => setOpen(true)}>{t.manage}</Button>
      {isOpen && <ModelDialog models={props.models} onClose={() => setOpen(false)} />}
    </div>
  );
}
