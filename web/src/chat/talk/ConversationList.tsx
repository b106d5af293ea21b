/** The conversations that this browser keeps, and how they get out and in. */
import { useState } from "react";
import { addressOf, goTo } from "../../app/route";
import { useTexts } from "../../language";
import { Button, Dialog, Field, saveFile, useFormats } from "../../ui";
import {
  type Conversation,
  jsonLines,
  markdownOf,
  newId,
  putConversation,
  readTranscripts,
  removeConversation,
  rowOf,
  type Session,
  titleOf,
} from "../conversation";
import { IconButton } from "../icons";
import { PickFile } from "../PickFile";
import { texts } from "./texts";

export function ConversationList(props: {
  session: Session;
  /** Id of the one that is shown. */
  shown: string | null;
  onChoose?: () => void;
}) {
  const t = useTexts(texts);
  const { conversations, isForgetful } = props.session;
  const shown = conversations.find(({ id }) => id === props.shown);
  return (
    <nav className="conversations" aria-label={t.conversations}>
      <a className="button" href={addressOf(["chat"])} onClick={props.onChoose}>
        {t.fresh}
      </a>
      {isForgetful && <p className="notice warn">{t.forgetful}</p>}
      {conversations.length === 0 && !isForgetful && <p className="small soft">{t.none}</p>}
      <ul>
        {conversations.map((conversation) => (
          <Entry
            key={conversation.id}
            conversation={conversation}
            isShown={conversation.id === props.shown}
            onChoose={props.onChoose}
          />
        ))}
      </ul>
      <Files shown={shown} all={conversations} />
    </nav>
  );
}

function Entry(props: {
  conversation: Conversation;
  isShown: boolean;
  onChoose: (() => void) | undefined;
}) {
  const t = useTexts(texts);
  const [asked, setAsked] = useState<"rename" | "delete" | null>(null);
  const { conversation, isShown } = props;
  const close = () => setAsked(null);
  const title = titleOf(conversation);
  return (
    <li>
      <a
        href={addressOf(["chat", conversation.id])}
        aria-current={isShown ? "true" : undefined}
        onClick={props.onChoose}
      >
        {title}
      </a>
      {isShown && (
        <>
          <IconButton icon="edit" label={t.rename} onClick={() => setAsked("rename")} />
          <IconButton
            icon="remove"
            label={t.deleteConversation}
            onClick={() => setAsked("delete")}
          />
        </>
      )}
      {asked === "rename" && <RenameDialog conversation={conversation} onClose={close} />}
      {asked === "delete" && (
        <Dialog label={t.deleteConversation} onClose={close}>
          <div className="small-dialog">
            <h2>{t.deleteConversation}</h2>
            <p>{title}</p>
            <p className="soft">{t.deleteSure}</p>
            <div className="row">
              <Button onClick={close}>{t.keep}</Button>
              <Button
                tone="danger"
                onClick={() => {
                  removeConversation(conversation.id);
                  goTo(addressOf(["chat"]));
                }}
              >
                {t.delete}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </li>
  );
}

function RenameDialog(props: { conversation: Conversation; onClose: () => void }) {
  const t = useTexts(texts);
  const [name, setName] = useState(titleOf(props.conversation));
  return (
    <Dialog label={t.rename} onClose={props.onClose}>
      <form
        className="small-dialog"
        onSubmit={(event) => {
          event.preventDefault();
          putConversation({ ...props.conversation, name: name.trim() || null });
          props.onClose();
        }}
      >
        <Field label={t.name}>
          {(ids) => (
            <input
              {...ids}
              className="input"
              value={name}
              maxLength={200}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <div className="row">
          <Button onClick={props.onClose}>{t.cancel}</Button>
          <Button tone="primary" type="submit">
            {t.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Export and import. */
function Files(props: { shown: Conversation | undefined; all: readonly Conversation[] }) {
  const t = useTexts(texts);
  const format = useFormats();
  const [notes, setNotes] = useState<string[]>([]);
  const { shown, all } = props;
  const exportRows = (conversations: readonly Conversation[], name: string) => {
    const rows = conversations.map(rowOf).filter((row) => row !== null);
    if (rows.length === 0) return setNotes([t.nothingToExport]);
    setNotes([]);
    saveFile(`${name}.jsonl`, jsonLines(rows), "application/jsonl");
  };
  const importRows = (text: string) => {
    const { conversations, problems } = readTranscripts(text, newId, Date.now());
    for (const conversation of conversations) putConversation(conversation);
    const shownProblems = problems
      .slice(0, 5)
      .map(({ line, reason }) => `${t.line} ${line}: ${t.problem[reason]}`);
    setNotes([
      t.imported(format.count(conversations.length)),
      ...(problems.length > 0 ? [t.skipped(format.count(problems.length)), ...shownProblems] : []),
    ]);
  };
  return (
    <details className="files">
      <summary>
        {t.export} / {t.import}
      </summary>
      <div className="files-actions">
        {shown && (
          <>
            <Button
              onClick={() =>
                saveFile(
                  `${fileName(shown)}.md`,
                  markdownOf(shown, {
                    system: t.system,
                    user: t.you,
                    assistant: t.assistant,
                    tool: t.tool,
                  }),
                  "text/markdown",
                )
              }
            >
              {t.exportMarkdown}
            </Button>
            <Button onClick={() => exportRows([shown], fileName(shown))}>{t.exportRows}</Button>
          </>
        )}
        {all.length > 0 && (
          <Button onClick={() => exportRows(all, "conversations")}>{t.exportAll}</Button>
        )}
        <PickFile label={t.import} accept=".jsonl,.json,application/jsonl" onText={importRows} />
      </div>
      <div role="status">
        {notes.map((note) => (
          <p key={note} className="small">
            {note}
          </p>
        ))}
      </div>
    </details>
  );
}

/** A title as a file's name. */
function fileName(conversation: Conversation): string {
  return (
    titleOf(conversation)
      .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
      .replaceAll(/^-|-$/g, "")
      .toLowerCase() || "conversation"
  );
}
