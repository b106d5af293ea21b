import { type KeyboardEvent, memo, useMemo, useRef, useState } from "react";
import type { DataFileDetail, DataRow, RowTokens, TokenView } from "../../../../src/serve/schema";
import { useResource } from "../../api/useResource";
import { bothLanguages, useTexts } from "../../language";
import { Badge, Failure, Loading, useFormats } from "../../ui";
import { NextUntrainedButton } from "./NextUntrained";
import { TokenSettings } from "./TokenSettings";
import { tokenRoles } from "./tokenRoles";
import { useReason } from "./useReason";
import { type Chosen, tokenQuery, useTokenSettings } from "./useTokenSettings";

const texts = bothLanguages(
  {
    counts: (learnt: string, all: string) => `${learnt} of ${all} tokens are learnt`,
    share: (share: string) => `(${share})`,
    template: (name: string) => `Template: ${name}`,
    cut: (length: string, lost: string) =>
      `Cut off here at ${length} tokens: ${lost} more are never seen by the model`,
    legend: "What the colours say",
    learnt: "learnt",
    read: "only read",
    special: "special token",
    tokens: "Tokens of the row",
    keys: "Point at a token, or go through them with the arrow keys.",
    position: (position: string, all: string) => `Token ${position} of ${all}`,
    id: (id: number) => `id ${id}`,
    none: "Nothing of this row is learnt",
    refused: "Training refuses this row:",
  },
  {
    counts: (learnt: string, all: string) => `${all} 个词元中有 ${learnt} 个会被学习`,
    share: (share: string) => `（${share}）`,
    template: (name: string) => `模板：${name}`,
    cut: (length: string, lost: string) =>
      `在 ${length} 个词元处截断：其后 ${lost} 个词元模型看不到`,
    legend: "颜色的含义",
    learnt: "会被学习",
    read: "仅供阅读",
    special: "特殊词元",
    tokens: "这一行的词元",
    keys: "用鼠标指向词元，或用方向键逐个查看。",
    position: (position: string, all: string) => `第 ${position} / ${all} 个词元`,
    id: (id: number) => `编号 ${id}`,
    none: "这一行没有任何会被学习的内容",
    refused: "训练会拒绝这一行：",
  },
);

export function RowTokensView({ file, row }: { file: DataFileDetail; row: DataRow }) {
  const settings = useTokenSettings(file.runs);
  return (
    <TokenSettings settings={settings}>
      {(chosen) => <Tokens file={file} row={row} chosen={chosen} />}
    </TokenSettings>
  );
}

function Tokens(props: { file: DataFileDetail; row: DataRow; chosen: Chosen }) {
  const { file, row, chosen } = props;
  const base = `api/data/${encodeURIComponent(file.id)}`;
  const { data, error, reload } = useResource<RowTokens>(
    `${base}/tokens?row=${row.row}&${tokenQuery(chosen)}`,
  );
  return (
    <>
      {error ? (
        <Failure message={error.message} onRetry={reload} />
      ) : data === null ? (
        <Loading />
      ) : (
        <TokenPanel row={row} encoded={data} maxLength={chosen.maxLength} />
      )}
      <NextUntrainedButton file={file} row={row.row} chosen={chosen} />
    </>
  );
}

function TokenPanel(props: { row: DataRow; encoded: RowTokens; maxLength: number }) {
  const t = useTexts(texts);
  const { count, percent } = useFormats();
  const { row, encoded, maxLength } = props;
  const { tokens, trained, truncated } = encoded;
  const [current, setCurrent] = useState<number | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const choose = (index: number | null) => {
    const spans = list.current!.children;
    list.current!.querySelector("[data-current]")?.removeAttribute("data-current");
    if (index !== null) {
      spans[index]?.setAttribute("data-current", "");
      spans[index]?.scrollIntoView({ block: "nearest" });
    }
    setCurrent(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = nextToken(event.key, current, tokens.length);
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
  };
  return (
    <>
      <div className="token-counts">
        <strong className="figures">
          {t.counts(count(trained), count(tokens.length))}{" "}
          <span className="soft">{t.share(percent(trained / Math.max(1, tokens.length)))}</span>
        </strong>
        {trained === 0 && <Badge tone="bad">{t.none}</Badge>}
        {encoded.problem !== null && (
          <span className="bad-text" role="alert">
            {t.refused} {encoded.problem}
          </span>
        )}
        <span className="small soft">{t.template(encoded.template)}</span>
      </div>
      <ul className="token-legend small" aria-label={t.legend}>
        <li className="token trained">{t.learnt}</li>
        <li className="token">{t.read}</li>
        <li className="token special">{t.special}</li>
      </ul>
      {/* biome-ignore lint/a11y/useSemanticElements: no fieldset, whose parts are controls */}
      <div
        ref={list}
        className="tokens"
        role="group"
        aria-label={`${t.tokens}. ${t.keys}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys go through its tokens
        tabIndex={0}
        onKeyDown={onKeyDown}
        onMouseOver={({ target }) => {
          const index = (target as HTMLElement).dataset.index;
          if (index !== undefined) setCurrentQuietly(list.current!, Number(index), setCurrent);
        }}
        onFocus={() => current === null && choose(0)}
      >
        <TokenSpans tokens={tokens} />
      </div>
      {truncated > 0 && (
        <p className="token-cut small">{t.cut(count(maxLength), count(truncated))}</p>
      )}
      <TokenInfo row={row} tokens={tokens} current={current} />
    </>
  );
}

/** The pointer marks a token where it is, without scrolling. */
function setCurrentQuietly(
  list: HTMLElement,
  index: number,
  setCurrent: (index: number) => void,
): void {
  list.querySelector("[data-current]")?.removeAttribute("data-current");
  list.children[index]?.setAttribute("data-current", "");
  setCurrent(index);
}

function nextToken(key: string, current: number | null, count: number): number | null | undefined {
  const at = current ?? -1;
  if (key === "ArrowRight") return Math.min(count - 1, at + 1);
  if (key === "ArrowLeft") return Math.max(0, at - 1);
  if (key === "ArrowDown") return Math.min(count - 1, at + 10);
  if (key === "ArrowUp") return Math.max(0, at - 10);
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key === "Escape") return null;
  return undefined;
}

/** Thousands of spans, drawn once: what is pointed at is marked without drawing them anew. */
const TokenSpans = memo(function TokenSpans({ tokens }: { tokens: readonly TokenView[] }) {
  return tokens.map(({ text, trained, special }, index) => (
    <span
      // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no name but their place
      key={index}
      data-index={index}
      className={`token${trained ? " trained" : ""}${special ? " special" : ""}`}
    >
      {shownText(text)}
    </span>
  ));
});

/** Line breaks show, and break the line too; tabs and what cannot be seen show as signs. */
function shownText(text: string): string {
  if (text === "") return "∅";
  return text.replaceAll("\t", "⇥").replaceAll("\r", "␍").replaceAll("\n", "↵\n");
}

function TokenInfo(props: { row: DataRow; tokens: readonly TokenView[]; current: number | null }) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const { row, tokens, current } = props;
  const roles = useMemo(() => tokenRoles(tokens, row.messages), [tokens, row.messages]);
  const reason = useReason();
  const token = current === null ? undefined : tokens[current];
  return (
    <div className="token-info" aria-live="polite">
      {token === undefined || current === null ? (
        <span className="soft">{t.keys}</span>
      ) : (
        <>
          <span className="token-info-head">
            <code>{JSON.stringify(token.text)}</code>
            <span className="soft figures">{t.id(token.id)}</span>
            <span className="soft figures">
              {t.position(count(current + 1), count(tokens.length))}
            </span>
          </span>
          <span>
            <Badge tone={token.trained ? "accent" : ""}>{token.trained ? t.learnt : t.read}</Badge>{" "}
            {reason(token, roles[current] ?? null, current)}
          </span>
        </>
      )}
    </div>
  );
}
