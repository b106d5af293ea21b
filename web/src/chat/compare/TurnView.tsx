/** One turn: the question, an answer of each model, the vote. */
import { useTexts } from "../../language";
import { Badge, Button, wordDifference } from "../../ui";
import { type Answer, AnswerBody, AnswerFacts, isOpen } from "../answers";
import { IconButton } from "../icons";
import {
  type ComparedTurn,
  type Comparison,
  isAnswered,
  namesHidden,
  shownOrder,
  type Verdict,
  voteInWords,
} from "./comparison";
import { texts } from "./texts";

export interface TurnActions {
  onVote(turn: number, verdict: Verdict | null): void;
  onAgain(turn: number, column: number): void;
  onRemove(turn: number): void;
}

interface Props {
  comparison: Comparison;
  index: number;
  /** Names of the columns. */
  titles: readonly string[];
  /** Mark words that answers do not share. */
  withDifference: boolean;
  isBusy: boolean;
  actions: TurnActions;
}

export function TurnView(props: Props) {
  const t = useTexts(texts);
  const { comparison, index, titles, isBusy, actions } = props;
  const turn = comparison.turns[index]!;
  const order = shownOrder(comparison, turn);
  const isHidden = namesHidden(comparison, turn);
  const first = turn.answers[order[0]!];
  const second = turn.answers[order[1]!];
  return (
    <section className="compared-turn" aria-label={t.turn(index + 1)}>
      <header>
        <p className="small soft">{t.turn(index + 1)}</p>
        <p className="plain-text question-text">{turn.user}</p>
        <IconButton
          icon="remove"
          label={t.remove}
          disabled={isBusy}
          onClick={() => actions.onRemove(index)}
        />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      {/* biome-ignore lint/a11y/useSemanticElements: a group of answers is no set of fields */}
      <div className="columns" role="group" tabIndex={0} aria-label={t.columns}>
        {order.map((column, place) => (
          <AnswerCard
            key={column}
            name={isHidden ? t.answer(letterOf(place)) : titles[column]!}
            answer={turn.answers[column] ?? null}
            other={props.withDifference ? ((place === 0 ? second : first) ?? null) : null}
            isFirst={place === 0}
            isHidden={isHidden}
            isBest={turn.vote?.kind === "best" && turn.vote.column === column}
            isBusy={isBusy}
            onAgain={() => actions.onAgain(index, column)}
          />
        ))}
      </div>
      {isAnswered(turn) && (
        <VoteBar
          turn={turn}
          order={order}
          titles={titles}
          isHidden={isHidden}
          onVote={(verdict) => actions.onVote(index, verdict)}
        />
      )}
    </section>
  );
}

function letterOf(place: number): string {
  return String.fromCharCode(65 + place);
}

function AnswerCard(props: {
  name: string;
  answer: Answer | null;
  /** Answer that it is compared with, word by word. */
  other: Answer | null;
  isFirst: boolean;
  isHidden: boolean;
  isBest: boolean;
  isBusy: boolean;
  onAgain: () => void;
}) {
  const t = useTexts(texts);
  const { name, answer, other, isHidden } = props;
  const canDiffer = answer && other && !isOpen(answer) && !isOpen(other);
  return (
    <article
      className={`card answer-card ${props.isBest ? "best" : ""}`}
      aria-label={name}
      aria-busy={answer !== null && isOpen(answer)}
    >
      <p className="speaker">
        {name} {props.isBest && <Badge tone="good">✓</Badge>}
      </p>
      {answer &&
        (canDiffer ? (
          <Difference text={answer.content} other={other.content} isFirst={props.isFirst} />
        ) : (
          <AnswerBody answer={answer} asTokens={false} />
        ))}
      <div className="message-bar">
        <IconButton icon="again" label={t.again} disabled={props.isBusy} onClick={props.onAgain} />
        {answer && !isHidden && <AnswerFacts answer={answer} />}
      </div>
    </article>
  );
}

function Difference(props: { text: string; other: string; isFirst: boolean }) {
  const { text, other, isFirst } = props;
  const own = isFirst ? "gone" : "new";
  const pieces = isFirst ? wordDifference(text, other) : wordDifference(other, text);
  const Mark = isFirst ? "del" : "ins";
  return (
    <p className="plain-text difference">
      {pieces.map((piece, i) =>
        piece.kind === own ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name
          <Mark key={i}>{piece.text}</Mark>
        ) : (
          piece.kind === "same" && piece.text
        ),
      )}
    </p>
  );
}

function VoteBar(props: {
  turn: ComparedTurn;
  order: readonly number[];
  titles: readonly string[];
  isHidden: boolean;
  onVote: (verdict: Verdict | null) => void;
}) {
  const t = useTexts(texts);
  const { turn, order, titles, isHidden, onVote } = props;
  const isPair = order.length === 2;
  const words = {
    best: isPair ? t.isBetter : t.isBest,
    tie: t.tie,
    bad: isPair ? t.bothBad : t.bad,
  };
  if (turn.vote) {
    return (
      <p className="vote-bar" role="status">
        <span className="soft">{t.voted}</span>{" "}
        <strong>{voteInWords(turn.vote, titles, words)}</strong>
        <Button tone="quiet" className="small" onClick={() => onVote(null)}>
          {t.undo}
        </Button>
      </p>
    );
  }
  return (
    <fieldset className="vote-bar choices" aria-label={t.vote}>
      {order.map((column, place) => (
        <Button key={column} onClick={() => onVote({ kind: "best", column })}>
          {words.best(isHidden ? letterOf(place) : titles[column]!)}
        </Button>
      ))}
      <Button onClick={() => onVote({ kind: "tie" })}>{words.tie}</Button>
      <Button onClick={() => onVote({ kind: "bad" })}>{words.bad}</Button>
    </fieldset>
  );
}
