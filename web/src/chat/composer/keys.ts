import type { KeyboardEvent } from "react";

/** Code that some browsers give keys while an input method composes. */
const composingKey = 229;

/** Enter that sends: without Shift, and not the one that ends a word of an input method. */
export function isPlainEnter(event: KeyboardEvent): boolean {
  const { nativeEvent, key, shiftKey } = event;
  return (
    key === "Enter" && !shiftKey && !nativeEvent.isComposing && nativeEvent.keyCode !== composingKey
  );
}
