/** All that steers how tokens are chosen, with what each value does in plain words. */
import { useEffect, useState } from "react";
import type { SamplingDefaults, ServedModel } from "../../../../src/serve/schema";
import { useTexts } from "../../language";
import { Button, Field, useFormats } from "../../ui";
import {
  defaultOf,
  mostStops,
  ownSampling,
  type Parameter,
  parameters,
  presetNames,
  presetOf,
  readStops,
  readValue,
  type Sampling,
  withPreset,
  withValue,
  writeStops,
} from "./sampling";
import { texts } from "./texts";

interface Props {
  sampling: Sampling;
  /** Whose own values are shown where nothing is chosen. */
  model: ServedModel | null;
  onChange: (sampling: Sampling) => void;
}

export function SamplingPanel({ sampling, model, onChange }: Props) {
  const t = useTexts(texts);
  const preset = presetOf(sampling);
  return (
    <div className="sampling">
      <fieldset className="presets" aria-label={t.presets}>
        {presetNames.map((name) => (
          <button
            key={name}
            type="button"
            className="choice"
            aria-pressed={preset === name}
            title={t.presetHints[name]}
            onClick={() => onChange(withPreset(sampling, name))}
          >
            {t.presetNames[name]}
          </button>
        ))}
      </fieldset>
      <p className="small soft">{preset ? t.presetHints[preset] : t.ownValues}</p>
      {model?.reasoning && <Thinking sampling={sampling} onChange={onChange} />}
      {parameters.map((parameter) => (
        <ParameterField
          key={parameter.key}
          parameter={parameter}
          value={sampling.values[parameter.key] ?? null}
          defaults={model?.defaults ?? {}}
          onChange={(value) => onChange(withValue(sampling, parameter.key, value))}
        />
      ))}
      <Stops sampling={sampling} onChange={onChange} />
      <Button onClick={() => onChange(ownSampling)}>{t.reset}</Button>
    </div>
  );
}

function ParameterField(props: {
  parameter: Parameter;
  value: number | null;
  defaults: SamplingDefaults;
  onChange: (value: number | null) => void;
}) {
  const t = useTexts(texts);
  const format = useFormats();
  const { parameter, value, onChange } = props;
  const { key, minimum, maximum, step } = parameter;
  const [text, setText] = useState(value === null ? "" : String(value));
  useEffect(() => {
    setText((before) => (readValue(parameter, before) === value ? before : String(value ?? "")));
  }, [parameter, value]);
  const standard = defaultOf(parameter, props.defaults);
  const isWrong = text.trim() !== "" && readValue(parameter, text) === null;
  const write = (next: string) => {
    setText(next);
    const read = readValue(parameter, next);
    if (read !== null || next.trim() === "") onChange(read);
  };
  const range = `${format.count(minimum)}–${format.count(maximum)}`;
  return (
    <Field
      label={t.names[key]}
      hint={t.hints[key]}
      error={isWrong ? `${parameter.whole ? t.wholeWithin : t.within} ${range}` : null}
    >
      {(ids) => (
        <div className="parameter">
          {step !== null && (
            <input
              type="range"
              aria-label={`${t.names[key]} (${t.slider})`}
              min={minimum}
              max={maximum}
              step={step}
              value={value ?? standard ?? (minimum + maximum) / 2}
              data-unset={value === null || undefined}
              onChange={(event) => onChange(Number(event.target.value))}
            />
          )}
          <input
            {...ids}
            className="input figures"
            inputMode="decimal"
            autoComplete="off"
            placeholder={standard === null ? t.automatic[key] : format.decimal(standard)}
            value={text}
            onChange={(event) => write(event.target.value)}
          />
        </div>
      )}
    </Field>
  );
}

function Thinking({ sampling, onChange }: Omit<Props, "model">) {
  const t = useTexts(texts);
  const { thinking } = sampling;
  return (
    <Field label={t.thinking} hint={t.thinkingHint}>
      {(ids) => (
        <select
          {...ids}
          className="input"
          value={thinking === null ? "" : String(thinking)}
          onChange={({ target: { value } }) =>
            onChange({ ...sampling, thinking: value === "" ? null : value === "true" })
          }
        >
          <option value="">{t.thinkingOwn}</option>
          <option value="true">{t.thinkingOn}</option>
          <option value="false">{t.thinkingOff}</option>
        </select>
      )}
    </Field>
  );
}

function Stops({ sampling, onChange }: Omit<Props, "model">) {
  const t = useTexts(texts);
  const [text, setText] = useState(writeStops(sampling.stop));
  useEffect(() => {
    const written = writeStops(sampling.stop);
    setText((before) => (writeStops(readStops(before)) === written ? before : written));
  }, [sampling.stop]);
  const isTooMany = readStops(text).length > mostStops;
  return (
    <Field label={t.stop} hint={t.stopHint} error={isTooMany ? t.tooManyStops : null}>
      {(ids) => (
        <textarea
          {...ids}
          className="input"
          rows={2}
          value={text}
          onChange={({ target: { value } }) => {
            setText(value);
            onChange({ ...sampling, stop: readStops(value).slice(0, mostStops) });
          }}
        />
      )}
    </Field>
  );
}
