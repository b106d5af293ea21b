/** One message with what can be done with it. */
import { type ReactNode, useRef, useState } from "react";
import { useTexts } from "../../language";
import { Button } from "../../ui";
import { type Answer, AnswerBody, AnswerFacts, isOpen, isUnfinished, newAnswer } from "../answers";
import { isPlainEnter, useGrowing } from "../composer";
import type { Message } from "../conversation";
import { copyText } from "../copyText";
import { IconButton } from "../icons";
import { texts } from "./texts";

export interface MessageActions {
  /** Asks again with another text, as a brother of the question. */
  onEdit(message: Message, text: string): void;
  onAgain(message: Message): void;
  onGoOn(message: Message): void;
  onRemove(message: Message): void;
  onVersion(message: Message, by: number): void;
}

interface Props {
  message: Message;
  /** Messages in the same place. */
  versions: readonly Message[];
  actions: MessageActions;
  /** Nothing may be asked now. */
  isBusy: boolean;
}

export function QuestionView({ message, versions, actions, isBusy }: Props) {
  const t = useTexts(texts);
  const [isEdited, setEdited] = useState(false);
  return (
    <article className="message question" aria-label={t.you}>
      {isEdited ? (
        <QuestionEditor
          text={message.content}
          canSend={!isBusy}
          onCancel={() => setEdited(false)}
          onSend={(text) => {
            setEdited(false);
            actions.onEdit(message, text);
          }}
        />
      ) : (
        <p className="plain-text">{message.content}</p>
      )}
      <MessageBar>
        <Versions message={message} versions={versions} onVersion={actions.onVersion} />
        <CopyButton text={message.content} />
        <IconButton
          icon="edit"
          label={t.edit}
          disabled={isBusy}
          onClick={() => setEdited(!isEdited)}
        />
        <IconButton
          icon="remove"
          label={t.remove}
          disabled={isBusy}
          onClick={() => actions.onRemove(message)}
        />
      </MessageBar>
    </article>
  );
}

function QuestionEditor(props: {
  text: string;
  canSend: boolean;
  onSend: (text: string) => void;
  onCancel: () => void;
}) {
  const t = useTexts(texts);
  const [text, setText] = useState(props.text);
  const area = useRef<HTMLTextAreaElement>(null);
  useGrowing(area, text);
  const canSend = props.canSend && text.trim() !== "";
  return (
    <div className="question-editor">
      <textarea
        ref={area}
        className="input"
        // biome-ignore lint/a11y/noAutofocus: the user has just asked to edit it
        autoFocus
        aria-label={t.edit}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") props.onCancel();
          if (!isPlainEnter(event)) return;
          event.preventDefault();
          if (canSend) props.onSend(text.trim());
        }}
      />
      <div className="row">
        <Button onClick={props.onCancel}>{t.cancel}</Button>
        <Button tone="primary" disabled={!canSend} onClick={() => props.onSend(text.trim())}>
          {t.sendEdited}
        </Button>
      </div>
    </div>
  );
}

export function AnswerView(props: Props & { asTokens: boolean; isLast: boolean }) {
  const t = useTexts(texts);
  const { message, versions, actions, isBusy, isLast } = props;
  const answer: Answer = message.answer ?? newAnswer("", 0);
  const name = answer.model || t.assistant;
  return (
    <article className="message" aria-label={name} aria-busy={isOpen(answer)}>
      <p className="speaker small soft">{name}</p>
      <AnswerBody answer={answer} asTokens={props.asTokens} />
      <MessageBar>
        <Versions message={message} versions={versions} onVersion={actions.onVersion} />
        <CopyButton text={answer.content} />
        <IconButton
          icon="again"
          label={t.again}
          disabled={isBusy}
          onClick={() => actions.onAgain(message)}
        />
        {isLast && isUnfinished(answer) && (
          <Button
            tone="quiet"
            className="small"
            disabled={isBusy}
            onClick={() => actions.onGoOn(message)}
          >
            {t.goOn}
          </Button>
        )}
        <AnswerFacts answer={answer} />
      </MessageBar>
    </article>
  );
}

function MessageBar({ children }: { children: ReactNode }) {
  return <div className="message-bar">{children}</div>;
}

function Versions({
  message,
  versions,
  onVersion,
}: Pick<Props, "message" | "versions"> & Pick<MessageActions, "onVersion">) {
  const t = useTexts(texts);
  if (versions.length < 2) return null;
  const at = versions.findIndex(({ id }) => id === message.id);
  return (
    <span className="versions">
      <IconButton
        icon="before"
        label={t.earlier}
        disabled={at === 0}
        onClick={() => onVersion(message, -1)}
      />
      <span className="small soft figures">
        <span className="visually-hidden">{t.version(at + 1, versions.length)}</span>
        <span aria-hidden="true">
          {at + 1}/{versions.length}
        </span>
      </span>
      <IconButton
        icon="after"
        label={t.later}
        disabled={at === versions.length - 1}
        onClick={() => onVersion(message, 1)}
      />
    </span>
  );
}

function CopyButton({ text }: { text: string }) {
  const t = useTexts(texts);
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <IconButton icon="copy" label={isCopied ? t.copied : t.copy} onClick={() => void copy()} />
  );
}

/** What a tool gave back. */
export function ToolResultView({ message }: { message: Message }) {
  const t = useTexts(texts);
  return (
    <article className="message tool-result" aria-label={t.tool}>
      <p className="speaker small soft">
        {t.toolResult} {message.call?.name}
      </p>
      <p className="plain-text">{message.content}</p>
    </article>
  );
}
