/** An answer token by token, each with its probability and what else was likely. */
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { bothLanguages, useTexts } from "../../language";
import { useFormats } from "../../ui";
import type { AnswerToken, TokenChoice } from "./answer";

const texts = bothLanguages(
  {
    label: "Tokens of the answer; arrow keys go from one to the next",
    legend: "Background: how likely the model thought the token",
    likely: "likely",
    unlikely: "unlikely",
    none: "No probabilities were kept of this answer. New answers have them.",
    others: "all others",
  },
  {
    label: "回答的词元，用方向键逐个查看",
    legend: "背景：模型认为该词元出现的可能性",
    likely: "很可能",
    unlikely: "不太可能",
    none: "此回答没有保存概率，新的回答会有。",
    others: "其余全部",
  },
);

/** Probabilities below each of which a token is one shade darker. */
const shades = [0.9, 0.6, 0.3, 0.1];

function shadeOf({ logprob }: TokenChoice): number {
  const probability = Math.exp(logprob);
  return shades.filter((limit) => probability < limit).length;
}

export function TokenText({ tokens }: { tokens: readonly AnswerToken[] }) {
  const t = useTexts(texts);
  const panel = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const [place, setPlace] = useState<{ left: number; top: number } | null>(null);
  if (tokens.length === 0) return <p className="soft">{t.none}</p>;
  const show = (index: number, element: HTMLElement) => {
    const around = frame.current!.getBoundingClientRect();
    const { left, bottom } = element.getBoundingClientRect();
    setActive(index);
    setPlace({
      left: Math.max(0, Math.min(left - around.left, around.width - panelWidth)),
      top: bottom - around.top + 6,
    });
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === "Escape") setPlace(null);
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    frame.current?.querySelector<HTMLElement>(`[data-token="${active + by}"]`)?.focus();
  };
  return (
    <div className="tokens" ref={frame}>
      <div
        role="listbox"
        tabIndex={-1}
        aria-label={t.label}
        onKeyDown={move}
        onMouseLeave={() => setPlace(null)}
        onBlur={() => setPlace(null)}
      >
        {tokens.map((token, i) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens are only ever added at the end
            key={i}
            role="option"
            aria-selected={i === active}
            className={`token shade-${shadeOf(token)}`}
            data-token={i}
            tabIndex={i === active ? 0 : -1}
            aria-describedby={place && i === active ? panel : undefined}
            onMouseEnter={(event) => show(i, event.currentTarget)}
            onFocus={(event) => show(i, event.currentTarget)}
          >
            {token.text}
          </span>
        ))}
      </div>
      <p className="legend small soft">
        {t.legend} <span className="token shade-0">{t.likely}</span>{" "}
        <span className="token shade-4">{t.unlikely}</span>
      </p>
      {place && tokens[active] && (
        <div
          role="tooltip"
          id={panel}
          className="token-panel"
          style={{ left: place.left, top: place.top, width: panelWidth }}
        >
          <Alternatives token={tokens[active]} />
        </div>
      )}
    </div>
  );
}

const panelWidth = 240;

function Alternatives({ token }: { token: AnswerToken }) {
  const t = useTexts(texts);
  const isListed = token.top.some(({ text }) => text === token.text);
  const choices = isListed ? token.top : [...token.top, token];
  const rest = 1 - choices.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
  return (
    <table>
      <tbody>
        {choices.map(({ text, logprob }, i) => (
          <Choice
            // biome-ignore lint/suspicious/noArrayIndexKey: two tokens may look alike
            key={i}
            text={visible(text)}
            probability={Math.exp(logprob)}
            isTaken={text === token.text}
          />
        ))}
        {rest > 0.0005 && <Choice text={t.others} probability={rest} isTaken={false} isRest />}
      </tbody>
    </table>
  );
}

function Choice(props: { text: string; probability: number; isTaken: boolean; isRest?: boolean }) {
  const format = useFormats();
  const share = `${Math.round(props.probability * 100)}%`;
  return (
    <tr className={props.isTaken ? "taken" : ""}>
      <th scope="row">{props.isRest ? <em>{props.text}</em> : <code>{props.text}</code>}</th>
      <td className="bar">
        <span style={{ width: share }} />
      </td>
      <td className="figures">{format.percent(props.probability)}</td>
    </tr>
  );
}

/** White space made visible. */
function visible(text: string): string {
  return text.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "␣");
}
