import type { ResultQuestion } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Badge, Scrolled } from "../../ui";
import { Choices } from "./Choices";

const texts = bothLanguages(
  {
    model: "This model",
    base: "Base",
    target: "Right answer",
    right: "right",
    wrong: "wrong",
    gained: "gained",
    lost: "lost",
    prompt: "The whole prompt, as the model read it",
    noAnswer: "(nothing)",
  },
  {
    model: "此模型",
    base: "基座",
    target: "正确答案",
    right: "对",
    wrong: "错",
    gained: "新答对",
    lost: "新答错",
    prompt: "模型读到的完整提示词",
    noAnswer: "（空）",
  },
);

export function Question(props: { question: ResultQuestion; base: string | null }) {
  const t = useTexts(texts);
  const { question, base } = props;
  const { prompt, target, correct, base_correct: baseCorrect } = question;
  const own = questionOf(prompt);
  const flip = baseCorrect === null || baseCorrect === correct ? null : correct ? "gained" : "lost";
  return (
    <li className="card question">
      <div className="question-head">
        <span className="small soft figures">{question.id}</span>
        {flip && <Badge tone={flip === "gained" ? "good" : "bad"}>{t[flip]}</Badge>}
      </div>
      <p className="question-text">{own}</p>
      <dl className="answers">
        <Answer name={t.target} text={target} />
        <Answer name={t.model} text={question.answer} isRight={correct} />
        {question.base_answer !== null && (
          <Answer name={base ?? t.base} text={question.base_answer} isRight={baseCorrect} />
        )}
      </dl>
      {question.choices && <Choices question={question} base={base} choices={question.choices} />}
      {own !== prompt && (
        <details className="folded">
          <summary>{t.prompt}</summary>
          <Scrolled>{prompt}</Scrolled>
        </details>
      )}
    </li>
  );
}

function Answer(props: { name: string; text: string; isRight?: boolean | null }) {
  const t = useTexts(texts);
  const { name, text, isRight } = props;
  return (
    <div>
      <dt className="small soft">
        {name}{" "}
        {isRight != null && (
          <Badge tone={isRight ? "good" : "bad"}>{isRight ? t.right : t.wrong}</Badge>
        )}
      </dt>
      <dd>{text.trim() === "" ? <span className="soft">{t.noAnswer}</span> : text.trim()}</dd>
    </div>
  );
}

/** The question itself: what follows the last empty line, after instruction and examples. */
function questionOf(prompt: string): string {
  const text = prompt.trimEnd();
  const at = text.lastIndexOf("\n\n");
  const last = at < 0 ? text : text.slice(at + 2);
  return last.length < 12 ? text : last;
}
