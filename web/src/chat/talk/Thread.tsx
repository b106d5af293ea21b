import { useTexts } from "../../language";
import { Button } from "../../ui";
import { type Conversation, type Message, shownMessages, versionsOf } from "../conversation";
import { useFollowEnd } from "../useFollowEnd";
import { AnswerView, type MessageActions, QuestionView, ToolResultView } from "./MessageView";
import { ToolResults } from "./ToolResults";
import { texts } from "./texts";

/** The shown path of a conversation. */
export function Thread(props: {
  conversation: Conversation;
  isAnswering: boolean;
  /** Nothing may be asked now. */
  isBusy: boolean;
  asTokens: boolean;
  actions: MessageActions;
  onResults: (message: Message, results: string[]) => void;
}) {
  const { conversation, isBusy, asTokens, actions } = props;
  const messages = shownMessages(conversation);
  useFollowEnd(conversation, conversation.id);
  const last = messages.at(-1);
  const calls = last?.answer?.toolCalls ?? [];
  return (
    <div className="thread">
      {messages.map((message) => {
        const shared = { message, versions: versionsOf(conversation, message), actions, isBusy };
        if (message.role === "user") return <QuestionView key={message.id} {...shared} />;
        if (message.role === "tool") return <ToolResultView key={message.id} message={message} />;
        return (
          <AnswerView
            key={message.id}
            {...shared}
            asTokens={asTokens}
            isLast={message.id === last?.id}
          />
        );
      })}
      {last && calls.length > 0 && !props.isAnswering && (
        <ToolResults
          key={last.id}
          calls={calls}
          isBusy={isBusy}
          onSend={(results) => props.onResults(last, results)}
        />
      )}
      <AnswerStatus isAnswering={props.isAnswering} hasAnswer={last?.role === "assistant"} />
    </div>
  );
}

/** Told to screen readers, which would not follow each token. */
function AnswerStatus(props: { isAnswering: boolean; hasAnswer: boolean }) {
  const t = useTexts(texts);
  return (
    <p className="visually-hidden" role="status">
      {props.isAnswering ? t.answering : props.hasAnswer ? t.answered : ""}
    </p>
  );
}

/** Before the first question. */
export function Beginning(props: {
  model: string;
  canAsk: boolean;
  onAsk: (text: string) => void;
}) {
  const t = useTexts(texts);
  return (
    <div className="state beginning">
      <h2>{t.begin(props.model)}</h2>
      <p>{t.beginText}</p>
      <div className="starters">
        {t.starters.map((starter) => (
          <Button key={starter} disabled={!props.canAsk} onClick={() => props.onAsk(starter)}>
            {starter}
          </Button>
        ))}
      </div>
      <p className="small">{t.keys}</p>
    </div>
  );
}
