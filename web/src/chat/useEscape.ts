import { useEffect } from "react";

/** Escape stops an answer, wherever the focus is, but closes a dialog first. */
export function useEscape(isAnswering: boolean, stop: () => void): void {
  useEffect(() => {
    if (!isAnswering) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open]"))
        return;
      stop();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [isAnswering, stop]);
}
