import { type FormEvent, useState } from "react";
import { useTexts } from "../../language";
import { Button, Field } from "../../ui";
import type { ToolCall } from "../answers";
import { texts } from "./texts";

/** Asks the user what each called tool gives back. */
export function ToolResults(props: {
  calls: readonly ToolCall[];
  isBusy: boolean;
  onSend: (results: string[]) => void;
}) {
  const t = useTexts(texts);
  const [results, setResults] = useState(props.calls.map(() => ""));
  const send = (event: FormEvent) => {
    event.preventDefault();
    props.onSend(results);
  };
  return (
    <form className="tool-results" onSubmit={send}>
      {props.calls.map((call, i) => (
        <Field key={call.id || i} label={`${t.toolResult} ${call.name}`} hint={t.toolResultHint}>
          {(ids) => (
            <textarea
              {...ids}
              className="input"
              rows={2}
              value={results[i]}
              onChange={({ target: { value } }) =>
                setResults(results.map((before, j) => (j === i ? value : before)))
              }
            />
          )}
        </Field>
      ))}
      <Button type="submit" disabled={props.isBusy || results.some((text) => text.trim() === "")}>
        {t.sendResult}
      </Button>
    </form>
  );
}
