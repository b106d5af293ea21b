import { useTexts } from "../../language";
import { useFormats } from "../../ui";
import type { Message } from "../conversation";
import { texts } from "./texts";

/** How much of the model's context the conversation takes. */
export function ContextUse(props: { messages: readonly Message[]; context: number | null }) {
  const t = useTexts(texts);
  const format = useFormats();
  const usage = props.messages.findLast(({ answer }) => answer?.usage)?.answer?.usage;
  if (!usage) return null;
  const used = usage.prompt + usage.completion;
  const words =
    props.context === null
      ? t.used(format.count(used))
      : t.contextUsed(format.count(used), format.count(props.context));
  return (
    <span className="context-use small soft figures">
      {props.context !== null && (
        <meter aria-label={t.context} min={0} max={props.context} value={used} />
      )}
      {words}
    </span>
  );
}
