import type { ResultQuestion } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Hint, useFormats } from "../../ui";

const texts = bothLanguages(
  {
    choices: "Choices, with the probability that each model gives them",
    hint: "Among the choices alone, from the likelihood of each as the answer. The likeliest one counts as the model's answer.",
    choice: "Choice",
    model: "This model",
    base: "Base",
    right: "right answer",
  },
  {
    choices: "选项，以及各模型给出的概率",
    hint: "仅在选项之间比较，由各选项作为答案的似然得出。概率最大的算作模型的回答。",
    choice: "选项",
    model: "此模型",
    base: "基座",
    right: "正确答案",
  },
);

export function Choices(props: {
  question: ResultQuestion;
  base: string | null;
  choices: NonNullable<ResultQuestion["choices"]>;
}) {
  const t = useTexts(texts);
  const { question, base, choices } = props;
  const hasBase = choices.some(({ base_probability }) => base_probability !== null);
  const isTarget = (text: string) => text.trim() === question.target.trim();
  return (
    <div className="choices">
      <p className="small soft">
        {t.choices} <Hint about={t.choices}>{t.hint}</Hint>
      </p>
      <table>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">{t.choice}</th>
            <th scope="col">{t.model}</th>
            {hasBase && <th scope="col">{base ?? t.base}</th>}
          </tr>
        </thead>
        <tbody>
          {choices.map(({ text, probability, base_probability }) => (
            <tr key={text}>
              <th scope="row">
                {text.trim()}
                {isTarget(text) && (
                  <>
                    <span aria-hidden="true"> ✓</span>
                    <span className="visually-hidden"> {t.right}</span>
                  </>
                )}
              </th>
              <td>
                <Bar kind="tuned" probability={probability} />
              </td>
              {hasBase && (
                <td>
                  <Bar kind="base" probability={base_probability} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Bar({ kind, probability }: { kind: "tuned" | "base"; probability: number | null }) {
  const { percent } = useFormats();
  return (
    <span className={`choice-bar ${kind}`}>
      <span className="track" aria-hidden="true">
        <span style={{ width: `${100 * (probability ?? 0)}%` }} />
      </span>
      <span className="figures small">{percent(probability)}</span>
    </span>
  );
}
