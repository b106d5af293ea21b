/** What an answer shows: reasoning folded away, text or tokens, calls of tools, notes and failures. */
import { bothLanguages, useTexts } from "../../language";
import { useFormats } from "../../ui";
import { CodeBlock, Markdown } from "../markdown";
import { type Answer, isOpen, speedOf, type ToolCall } from "./answer";
import { TokenText } from "./TokenText";
import { WaitNote } from "./WaitNote";

const texts = bothLanguages(
  {
    reading: "Reading the conversation …",
    thinking: "Thinking …",
    reasoning: "Reasoning",
    empty: "The model ended its answer without a word.",
    stopped: "Stopped",
    length: "Cut at the longest length",
    perSecond: "tokens/s",
    tokens: "tokens",
    call: "Calls the tool",
    dropped: (count: string) =>
      `There was no room for the whole conversation: the ${count} oldest messages were left out.`,
  },
  {
    reading: "正在读取对话……",
    thinking: "正在思考……",
    reasoning: "思考过程",
    empty: "模型没有写出任何内容就结束了。",
    stopped: "已停止",
    length: "达到最大长度被截断",
    perSecond: "词元/秒",
    tokens: "词元",
    call: "调用工具",
    dropped: (count: string) => `上下文放不下整个对话：最早的 ${count} 条消息没有参与本次回答。`,
  },
);

/** @param asTokens show tokens with their probabilities in place of Markdown */
export function AnswerBody({ answer, asTokens }: { answer: Answer; asTokens: boolean }) {
  const t = useTexts(texts);
  const format = useFormats();
  const { content, reasoning, toolCalls, state, error, droppedMessages, warnings } = answer;
  const isEmpty = content === "" && toolCalls.length === 0;
  return (
    <div className="answer-body">
      {droppedMessages > 0 && (
        <p className="notice warn">{t.dropped(format.count(droppedMessages))}</p>
      )}
      {warnings.map((warning) => (
        <p key={warning} className="notice warn">
          {warning}
        </p>
      ))}
      {answer.waitsUntil !== null && <WaitNote until={answer.waitsUntil} />}
      {reasoning !== "" && (
        <details className="reasoning">
          <summary>{isOpen(answer) && content === "" ? t.thinking : t.reasoning}</summary>
          <p className="plain-text">{reasoning}</p>
        </details>
      )}
      {state === "waiting" && answer.waitsUntil === null && isEmpty && (
        <p className="soft pulse">{t.reading}</p>
      )}
      {asTokens && !isEmpty ? (
        <TokenText tokens={answer.tokens} />
      ) : (
        content !== "" && <Markdown text={content} />
      )}
      {toolCalls.map((call, i) => (
        <CallView key={call.id || i} call={call} />
      ))}
      {state === "done" && isEmpty && <p className="soft">{t.empty}</p>}
      {error !== null && (
        <p className="notice bad" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

function CallView({ call }: { call: ToolCall }) {
  const t = useTexts(texts);
  return (
    <section className="tool-call" aria-label={`${t.call} ${call.name}`}>
      <p className="small soft">
        {t.call} <strong>{call.name}</strong>
      </p>
      <CodeBlock code={indented(call.arguments)} language="json" />
    </section>
  );
}

/** JSON with a line for each value; anything else as it is. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Length and speed of an answer, and how it ended where that is not by itself. */
export function AnswerFacts({ answer }: { answer: Answer }) {
  const t = useTexts(texts);
  const format = useFormats();
  const count = answer.usage?.completion ?? answer.tokens.length;
  const speed = speedOf(answer, Date.now());
  const facts = [
    ...(answer.state === "stopped" ? [t.stopped] : []),
    ...(answer.finishReason === "length" && answer.state === "done" ? [t.length] : []),
    ...(count > 0 ? [`${format.count(count)} ${t.tokens}`] : []),
    ...(speed === null ? [] : [`${format.decimal(speed, 3)} ${t.perSecond}`]),
  ];
  return <span className="small soft figures">{facts.join(" · ")}</span>;
}
