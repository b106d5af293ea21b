import { useState } from "react";
import type { DataRow, RowMessage } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Button, Scrolled, useFormats } from "../../ui";
import { useRoleName } from "../roles";

const texts = bothLanguages(
  {
    empty: "(empty)",
    more: (characters: string) => `Show all ${characters} characters`,
    tools: "Tools that the row offers",
    fields: "Other fields of the row",
    parts: (names: string) => `Also: ${names}`,
  },
  {
    empty: "（空）",
    more: (characters: string) => `显示全部 ${characters} 个字符`,
    tools: "此行提供的工具",
    fields: "此行的其他字段",
    parts: (names: string) => `还有：${names}`,
  },
);

/** A row as its messages: what it offers as tools and its other fields fold out. */
export function Conversation({ row }: { row: DataRow }) {
  const t = useTexts(texts);
  const tools = row.tools;
  const hasTools = tools != null && !(Array.isArray(tools) && tools.length === 0);
  const hasFields = Object.keys(row.fields).length > 0;
  return (
    <div className="conversation">
      {hasTools && <Folded title={t.tools} value={tools} />}
      {row.messages && (
        <ol className="messages">
          {row.messages.map((message, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: messages have no name but their place
            <Message key={`${row.row}-${index}`} message={message} />
          ))}
        </ol>
      )}
      {hasFields && <Folded title={t.fields} value={row.fields} />}
    </div>
  );
}

/** Longer texts are cut until asked for: a page of a million characters takes seconds to lay out. */
const shownCharacters = 4000;

function Message({ message }: { message: RowMessage }) {
  const { role, content, ...others } = message;
  const t = useTexts(texts);
  const roleName = useRoleName();
  const { count } = useFormats();
  const [isWhole, setWhole] = useState(false);
  const isCut = !isWhole && content.length > shownCharacters;
  return (
    <li className={`message ${role}`}>
      <span className="message-role small">{roleName(role)}</span>
      <div className="bubble">
        {content === "" ? (
          <span className="soft">{t.empty}</span>
        ) : isCut ? (
          `${content.slice(0, shownCharacters)}…`
        ) : (
          content
        )}
        {isCut && (
          <div>
            <Button onClick={() => setWhole(true)}>{t.more(count(content.length))}</Button>
          </div>
        )}
      </div>
      {Object.keys(others).length > 0 && (
        <Folded title={t.parts(Object.keys(others).join(", "))} value={others} />
      )}
    </li>
  );
}

function Folded({ title, value }: { title: string; value: unknown }) {
  return (
    <details className="folded">
      <summary>{title}</summary>
      <Scrolled>{JSON.stringify(value, null, 2)}</Scrolled>
    </details>
  );
}
