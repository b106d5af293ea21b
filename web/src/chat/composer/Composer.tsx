import { type KeyboardEvent, useRef, useState } from "react";
import { bothLanguages, useTexts } from "../../language";
import { Button } from "../../ui";
import { Icon } from "../icons";
import { isPlainEnter } from "./keys";
import { useGrowing } from "./useGrowing";

const texts = bothLanguages(
  {
    send: "Send",
    stop: "Stop",
    keys: "Enter sends, Shift+Enter begins a new line, Escape stops an answer.",
  },
  { send: "发送", stop: "停止", keys: "回车发送，Shift+回车换行，Esc 停止回答。" },
);

/** Where the user writes. Enter sends, but not while an input method still composes a word. */
export function Composer(props: {
  /** Shown while it is empty, and read as its label. */
  label: string;
  isAnswering: boolean;
  canSend: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
}) {
  const t = useTexts(texts);
  const [text, setText] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  useGrowing(area, text);
  const canSend = props.canSend && !props.isAnswering && text.trim() !== "";
  const send = () => {
    if (!canSend) return;
    props.onSend(text.trim());
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isPlainEnter(event)) return;
    event.preventDefault();
    send();
  };
  return (
    <div className="composer">
      <textarea
        ref={area}
        rows={1}
        aria-label={props.label}
        aria-keyshortcuts="Enter Escape"
        placeholder={props.label}
        title={t.keys}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {props.isAnswering ? (
        <Button className="round" aria-label={t.stop} title={t.stop} onClick={props.onStop}>
          <Icon name="stop" />
        </Button>
      ) : (
        <Button
          tone="primary"
          className="round"
          aria-label={t.send}
          title={t.send}
          disabled={!canSend}
          onClick={send}
        >
          <Icon name="send" />
        </Button>
      )}
    </div>
  );
}
