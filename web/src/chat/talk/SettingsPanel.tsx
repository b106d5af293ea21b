import type { ServedModel } from "../../../../src/serve/schema";
import { useTexts } from "../../language";
import { Field } from "../../ui";
import { type Sampling, SamplingPanel } from "../sampling";
import { texts } from "./texts";
import { readTools } from "./tools";

export interface Settings {
  system: string;
  sampling: Sampling;
  /** Tools as the user wrote them. */
  tools: string;
}

export function SettingsPanel(props: {
  settings: Settings;
  model: ServedModel | null;
  onSystem: (system: string) => void;
  onSampling: (sampling: Sampling) => void;
  onTools: (tools: string) => void;
}) {
  const t = useTexts(texts);
  const { settings, model } = props;
  return (
    <div className="settings-panel">
      <Field label={t.systemPrompt} hint={t.systemHint}>
        {(ids) => (
          <textarea
            {...ids}
            className="input"
            rows={3}
            placeholder={t.systemPlaceholder}
            value={settings.system}
            onChange={(event) => props.onSystem(event.target.value)}
          />
        )}
      </Field>
      <SamplingPanel sampling={settings.sampling} model={model} onChange={props.onSampling} />
      {model?.tools && (
        <Field
          label={t.tools}
          hint={t.toolsHint}
          error={readTools(settings.tools) === null ? t.toolsWrong : null}
        >
          {(ids) => (
            <textarea
              {...ids}
              className="input code"
              rows={4}
              spellCheck={false}
              value={settings.tools}
              onChange={(event) => props.onTools(event.target.value)}
            />
          )}
        </Field>
      )}
    </div>
  );
}
