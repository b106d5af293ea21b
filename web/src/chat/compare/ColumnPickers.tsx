/** Which models stand side by side. */
import { useState } from "react";
import { useTexts } from "../../language";
import { Button, useFormats } from "../../ui";
import { IconButton } from "../icons";
import { ModelDialog, type Models } from "../models";
import { fewestModels, mostModels } from "./comparison";
import { texts } from "./texts";
import type { Column } from "./useColumns";

export function ColumnPickers(props: {
  models: Models;
  columns: readonly Column[];
  isBusy: boolean;
  /** Names or ids of the catalogue. */
  onChange: (named: string[]) => void;
}) {
  const t = useTexts(texts);
  const [isOpen, setOpen] = useState(false);
  const { models, columns, isBusy } = props;
  const names = columns.map(({ named }) => named);
  const empty = Math.max(0, fewestModels - columns.length);
  const place = (at: number, named: string) =>
    props.onChange(at < names.length ? names.with(at, named) : [...names, named]);
  const options = optionsOf(models);
  return (
    <fieldset className="column-pickers choices" aria-label={t.models}>
      {columns.map((column, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same model may stand in two columns
        <div key={i} className="column-picker">
          <ColumnSelect
            label={t.model(i + 1)}
            column={column}
            options={options}
            isBusy={isBusy}
            onChange={(named) => place(i, named)}
          />
          {columns.length > fewestModels && (
            <IconButton
              icon="remove"
              label={t.takeOut(column.title)}
              disabled={isBusy}
              onClick={() => props.onChange(names.filter((_, at) => at !== i))}
            />
          )}
        </div>
      ))}
      {Array.from({ length: empty }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: places differ by nothing else
        <div key={columns.length + i} className="column-picker">
          <ColumnSelect
            label={t.model(columns.length + i + 1)}
            column={null}
            options={options}
            isBusy={isBusy || i > 0}
            onChange={(named) => place(columns.length, named)}
          />
        </div>
      ))}
      {columns.length >= fewestModels && columns.length < mostModels && options.length > 0 && (
        <Button
          disabled={isBusy}
          onClick={() => props.onChange([...names, nextOption(options, names)])}
        >
          {t.add}
        </Button>
      )}
      <Button onClick={() => setOpen(true)}>{t.manage}</Button>
      {isOpen && <ModelDialog models={models} onClose={() => setOpen(false)} />}
    </fieldset>
  );
}

interface Option {
  named: string;
  title: string;
}

/** Models that are served, then what could be loaded. */
function optionsOf(models: Models): Option[] {
  const served = models.status?.models ?? [];
  return [
    ...served.map(({ name }) => ({ named: name, title: name })),
    ...models.catalogue
      .filter(({ id }) => !served.some(({ source }) => source === id))
      .map(({ id, title }) => ({ named: id, title })),
  ];
}

function nextOption(options: readonly Option[], taken: readonly string[]): string {
  return (options.find(({ named }) => !taken.includes(named)) ?? options[0]!).named;
}

function ColumnSelect(props: {
  label: string;
  column: Column | null;
  options: readonly Option[];
  isBusy: boolean;
  onChange: (named: string) => void;
}) {
  const t = useTexts(texts);
  const { column, options } = props;
  // An address may name a served model by the catalogue's id.
  const value = column === null ? "" : (column.served?.name ?? column.entry?.id ?? column.named);
  const isListed = options.some(({ named }) => named === value);
  return (
    <select
      className="input"
      aria-label={props.label}
      disabled={props.isBusy}
      value={value}
      onChange={(event) => props.onChange(event.target.value)}
    >
      {!isListed && (
        <option value={value} disabled>
          {column?.title ?? t.choose}
        </option>
      )}
      {options.map(({ named, title }) => (
        <option key={named} value={named}>
          {title}
        </option>
      ))}
    </select>
  );
}

/** What stands in the way of asking: models that are not ready, and why. */
export function ColumnNotices(props: {
  models: Models;
  columns: readonly Column[];
  problem: string | null;
}) {
  const t = useTexts(texts);
  const format = useFormats();
  const { models, columns, problem } = props;
  if (models.status === null) return null;
  const unready = columns.filter(({ isReady }) => !isReady);
  return (
    <>
      {problem && (
        <p className="notice bad" role="alert">
          {problem}
        </p>
      )}
      {unready.map(({ named, title, served, entry }) => (
        <div key={named} className="notice warn" role="status">
          {served?.state === "loading" ? (
            <>
              {t.loading(title)} {served.progress === null ? "…" : format.percent(served.progress)}
            </>
          ) : served?.error ? (
            `${title}: ${served.error}`
          ) : entry ? (
            <>
              {t.notLoaded(title)}{" "}
              <Button tone="quiet" onClick={() => void models.load(entry.id).catch(models.refresh)}>
                {t.load}
              </Button>
            </>
          ) : (
            t.unknown(title)
          )}
        </div>
      ))}
    </>
  );
}
