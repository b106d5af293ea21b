/** How models are compared, the script, and what is done with the result. */
import { useState } from "react";
import { type Language, useLanguage, useTexts } from "../../language";
import { Button, Dialog, Field, Hint, saveFile } from "../../ui";
import { copyText } from "../copyText";
import { Drawer } from "../Drawer";
import { PickFile } from "../PickFile";
import { SamplingPanel } from "../sampling";
import { type Comparison, comparisonMarkdown, type History, rowsOf } from "./comparison";
import { exampleScripts, readScript, type ScriptProblem, type ScriptTurn } from "./script";
import { texts } from "./texts";

export interface CompareOptions {
  history: History;
  blind: boolean;
  withDifference: boolean;
}

export function CompareBar(props: {
  options: CompareOptions;
  comparison: Comparison;
  isBusy: boolean;
  onOptions: (options: CompareOptions) => void;
  onComparison: (comparison: Comparison) => void;
}) {
  const t = useTexts(texts);
  const { options, comparison, onOptions } = props;
  return (
    <div className="compare-bar">
      <span className="row-field">
        <label htmlFor="compare-history" className="small soft">
          {t.history}
        </label>
        <Hint about={t.history}>{t.historyHint}</Hint>
        <select
          id="compare-history"
          className="input"
          disabled={props.isBusy}
          value={options.history}
          onChange={(event) => onOptions({ ...options, history: event.target.value as History })}
        >
          <option value="own">{t.own}</option>
          <option value="shared">{t.shared}</option>
        </select>
      </span>
      <Check
        label={t.blind}
        hint={t.blindHint}
        isOn={options.blind}
        onChange={(blind) => onOptions({ ...options, blind })}
      />
      <Check
        label={t.difference}
        hint={t.differenceHint}
        isOn={options.withDifference}
        onChange={(withDifference) => onOptions({ ...options, withDifference })}
      />
      <Drawer label={t.settings} icon="sliders">
        {() => <CompareSettings comparison={comparison} onComparison={props.onComparison} />}
      </Drawer>
    </div>
  );
}

function Check(props: {
  label: string;
  hint: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}) {
  return (
    <span className="probabilities">
      <label className="check">
        <input
          type="checkbox"
          checked={props.isOn}
          onChange={(event) => props.onChange(event.target.checked)}
        />
        {props.label}
      </label>
      <Hint about={props.label}>{props.hint}</Hint>
    </span>
  );
}

function CompareSettings(props: {
  comparison: Comparison;
  onComparison: (comparison: Comparison) => void;
}) {
  const t = useTexts(texts);
  const [comparison, setComparison] = useState(props.comparison);
  const change = (next: Comparison) => {
    setComparison(next);
    props.onComparison(next);
  };
  return (
    <div className="settings-panel">
      <p className="small soft">{t.seedNote}</p>
      <Field label={t.systemPrompt} hint={t.systemHint}>
        {(ids) => (
          <textarea
            {...ids}
            className="input"
            rows={3}
            value={comparison.system}
            onChange={(event) => change({ ...comparison, system: event.target.value })}
          />
        )}
      </Field>
      <SamplingPanel
        sampling={comparison.sampling}
        model={null}
        onChange={(sampling) => change({ ...comparison, sampling })}
      />
    </div>
  );
}

/** Scripts to replay: the example in the page's language first, then a file. */
export function ScriptMenu(props: { canAsk: boolean; onTurns: (turns: ScriptTurn[]) => void }) {
  const t = useTexts(texts);
  const [language] = useLanguage();
  const [problem, setProblem] = useState<ScriptProblem | null>(null);
  const other: Language = language === "en" ? "zh" : "en";
  const play = (name: Language) =>
    props.onTurns(exampleScripts[name].map((user) => ({ user, reference: null })));
  const read = (text: string) => {
    const turns = readScript(text);
    setProblem(typeof turns === "string" ? turns : null);
    if (typeof turns !== "string") props.onTurns(turns);
  };
  return (
    <div className="script-menu">
      <span className="soft small">{t.script}</span>
      <Hint about={t.script}>{t.scriptHint}</Hint>
      {[language, other].map((name) => (
        <Button key={name} disabled={!props.canAsk} onClick={() => play(name)}>
          {t.example} ({name === "en" ? "English" : "中文"})
        </Button>
      ))}
      <PickFile
        label={t.fromFile}
        accept=".json,.jsonl,.txt,text/plain,application/json"
        isDisabled={!props.canAsk}
        onText={read}
      />
      {problem && (
        <p className="notice bad" role="alert">
          {t.problem[problem]}
        </p>
      )}
    </div>
  );
}

/** Saves transcripts and votes, copies the address, or begins anew. */
export function SaveMenu(props: {
  comparison: Comparison;
  titles: readonly string[];
  isBusy: boolean;
  onClear: () => void;
}) {
  const t = useTexts(texts);
  const [copied, setCopied] = useState<"copyAddress" | "copied" | "copyFailed">("copyAddress");
  const [isAsked, setAsked] = useState(false);
  const { comparison, titles } = props;
  const isPair = titles.length === 2;
  const words = {
    title: t.comparison,
    ...{ system: t.system, user: t.you, assistant: t.assistant, tool: t.tool },
    best: isPair ? t.isBetter : t.isBest,
    tie: t.tie,
    bad: isPair ? t.bothBad : t.bad,
  };
  return (
    <fieldset className="save-menu choices" aria-label={t.save}>
      <Button
        onClick={() =>
          saveFile("comparison.jsonl", rowsOf(comparison, titles), "application/jsonl")
        }
      >
        {t.saveRows}
      </Button>
      <Button
        onClick={() =>
          saveFile("comparison.md", comparisonMarkdown(comparison, titles, words), "text/markdown")
        }
      >
        {t.saveMarkdown}
      </Button>
      <Button
        onClick={async () => setCopied((await copyText(location.href)) ? "copied" : "copyFailed")}
      >
        {t[copied]}
      </Button>
      <Button disabled={props.isBusy} onClick={() => setAsked(true)}>
        {t.clear}
      </Button>
      {isAsked && (
        <Dialog label={t.clear} onClose={() => setAsked(false)}>
          <div className="small-dialog">
            <h2>{t.clear}</h2>
            <p>{t.clearSure}</p>
            <div className="row">
              <Button onClick={() => setAsked(false)}>{t.keep}</Button>
              <Button
                tone="danger"
                onClick={() => {
                  setAsked(false);
                  props.onClear();
                }}
              >
                {t.clear}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </fieldset>
  );
}
