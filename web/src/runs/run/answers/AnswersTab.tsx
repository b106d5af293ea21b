import { useId, useState } from "react";
import type {
  GeneratedDialogue,
  GeneratedSample,
  RunDetail,
} from "../../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../../language";
import {
  Badge,
  Card,
  Command,
  Empty,
  Figure,
  Figures,
  useFormats,
  wordDifference,
} from "../../../ui";

const texts = bothLanguages(
  {
    none: "No answers were recorded",
    noneWhy:
      "A run asks the model while it learns when its configuration has sample_prompts, or sample_dialogue with a file of user turns:",
    step: "Step",
    atStep: (step: string) => `Answers at step ${step}`,
    before: "before training",
    difference: (step: string) => `Mark what differs from step ${step}`,
    dialogue: "The fixed dialogue",
    prompts: "Prompts",
    user: "Asked",
    model: "Answered",
    cut: "cut off",
    tokens: (n: string) => `${n} tokens`,
    repeated: "Repeated pieces",
    repeatedHint:
      "Share of runs of four tokens that the same answer had before. High: it goes in circles.",
    sameAnswer: "Repeated answers",
    sameHint: "Share of answers that an earlier turn already gave word for word.",
    cutOff: "Cut off",
    cutHint: "Share of answers that did not end by themselves.",
    wrongLanguage: "Other language",
    wrongHint: "Share of answers in another language than their question.",
    length: "Length",
    lengthUnit: "tokens an answer",
    gone: "gone",
    added: "new",
    missing: "No answer at this step.",
  },
  {
    none: "没有记录回答",
    noneWhy:
      "若配置中有 sample_prompts，或 sample_dialogue 指定了用户提问文件，训练过程中会定期让模型回答：",
    step: "步数",
    atStep: (step: string) => `第 ${step} 步的回答`,
    before: "训练前",
    difference: (step: string) => `标出与第 ${step} 步的差异`,
    dialogue: "固定对话",
    prompts: "提示词",
    user: "提问",
    model: "回答",
    cut: "被截断",
    tokens: (n: string) => `${n} 个词元`,
    repeated: "重复片段",
    repeatedHint: "同一回答中此前出现过的四词元片段所占比例。偏高说明模型在绕圈。",
    sameAnswer: "重复回答",
    sameHint: "与之前某轮回答完全相同的比例。",
    cutOff: "被截断",
    cutHint: "没有自行结束的回答比例。",
    wrongLanguage: "语言不符",
    wrongHint: "回答语言与提问语言不同的比例。",
    length: "长度",
    lengthUnit: "词元/回答",
    gone: "删去",
    added: "新增",
    missing: "这一步没有回答。",
  },
);

export function AnswersTab({ run }: { run: RunDetail }) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const steps = [...new Set([...run.samples, ...run.dialogues].map(({ step }) => step))].sort(
    (a, b) => a - b,
  );
  // The newest, until another is chosen.
  const [chosen, setChosen] = useState<number | null>(null);
  const [marks, setMarks] = useState(true);
  const id = useId();
  const first = steps[0];
  if (first === undefined) {
    return (
      <Empty title={t.none}>
        <p>{t.noneWhy}</p>
        <Command>{'sample_prompts: ["Who are you?"]'}</Command>
      </Empty>
    );
  }
  const step = chosen ?? steps.at(-1)!;
  const isFirst = step === first;
  const pastOf = <T extends { step: number }>(all: readonly T[], same: (one: T) => boolean) =>
    marks && !isFirst ? all.find((one) => one.step === first && same(one)) : undefined;
  const dialogue = run.dialogues.find((one) => one.step === step);
  const samples = run.samples.filter((one) => one.step === step);
  return (
    <>
      <div className="step-choice">
        <label htmlFor={id} className="figures">
          {t.atStep(count(step))} {step === 0 && <span className="soft">({t.before})</span>}
        </label>
        <input
          id={id}
          type="range"
          min={0}
          max={steps.length - 1}
          step={1}
          value={steps.indexOf(step)}
          aria-valuetext={`${t.step} ${count(step)}`}
          disabled={steps.length < 2}
          onChange={(event) => setChosen(steps[Number(event.target.value)] ?? null)}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={marks}
            onChange={(event) => setMarks(event.target.checked)}
          />
          {t.difference(count(first))}
        </label>
      </div>
      {dialogue && <Dialogue dialogue={dialogue} past={pastOf(run.dialogues, () => true)} />}
      {samples.length > 0 && (
        <Card label={t.prompts}>
          <div className="stack">
            <h2>{t.prompts}</h2>
            {samples.map((sample) => (
              <Sample
                key={sample.prompt}
                sample={sample}
                past={pastOf(run.samples, ({ prompt }) => prompt === sample.prompt)}
              />
            ))}
          </div>
        </Card>
      )}
    </>
  );
}

function Dialogue(props: { dialogue: GeneratedDialogue; past: GeneratedDialogue | undefined }) {
  const t = useTexts(texts);
  const { count, decimal, percent } = useFormats();
  const { dialogue, past } = props;
  return (
    <Card label={t.dialogue}>
      <div className="stack">
        <h2>{t.dialogue}</h2>
        <Figures>
          <Figure
            name={t.repeated}
            value={percent(dialogue.repetition_rate)}
            hint={t.repeatedHint}
          />
          <Figure
            name={t.sameAnswer}
            value={percent(dialogue.repeated_answer_rate)}
            hint={t.sameHint}
          />
          <Figure name={t.cutOff} value={percent(dialogue.cut_off_rate)} hint={t.cutHint} />
          {dialogue.wrong_language_rate !== null && (
            <Figure
              name={t.wrongLanguage}
              value={percent(dialogue.wrong_language_rate)}
              hint={t.wrongHint}
            />
          )}
          <Figure name={t.length} value={decimal(dialogue.answer_tokens, 3)} of={t.lengthUnit} />
        </Figures>
        {dialogue.turns.map((turn, index) => (
          <Turn
            // biome-ignore lint/suspicious/noArrayIndexKey: turns are told by their place, and texts repeat
            key={index}
            user={turn.user}
            text={turn.text}
            past={past?.turns[index]?.text}
            isCut={turn.finish_reason === "length"}
            note={t.tokens(count(turn.tokens))}
          />
        ))}
      </div>
    </Card>
  );
}

function Sample(props: { sample: GeneratedSample; past: GeneratedSample | undefined }) {
  const { prompt, text, finish_reason } = props.sample;
  return (
    <Turn user={prompt} text={text} past={props.past?.text} isCut={finish_reason === "length"} />
  );
}

function Turn(props: {
  user: string;
  text: string;
  past: string | undefined;
  isCut: boolean;
  note?: string;
}) {
  const t = useTexts(texts);
  return (
    <div className="turn">
      <p className="asked">
        <span className="visually-hidden">{t.user}: </span>
        {props.user}
      </p>
      <div className="answered">
        <span className="visually-hidden">{t.model}: </span>
        <p className="text">
          {props.past === undefined ? (
            props.text
          ) : (
            <Difference before={props.past} after={props.text} />
          )}
        </p>
        <p className="small soft">
          {props.note} {props.isCut && <Badge tone="warn">{t.cut}</Badge>}
        </p>
      </div>
    </div>
  );
}

function Difference({ before, after }: { before: string; after: string }) {
  const t = useTexts(texts);
  return wordDifference(before, after).map(({ text, kind }, index) => {
    // Pieces have no other name than their place.
    const key = index;
    if (kind === "same") return <span key={key}>{text}</span>;
    return kind === "gone" ? (
      <del key={key} title={t.gone}>
        {text}
      </del>
    ) : (
      <ins key={key} title={t.added}>
        {text}
      </ins>
    );
  });
}
