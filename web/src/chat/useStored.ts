import { useCallback, useState } from "react";

/** A setting that this browser keeps. What cannot be read any more is as if it were not there. */
export function useStored<T>(key: string, initial: T): [T, (value: T) => void] {
  const name = `tunewright.chat.${key}`;
  const [value, setValue] = useState<T>(() => {
    try {
      const stored = localStorage.getItem(name);
      return stored === null ? initial : (JSON.parse(stored) as T);
    } catch {
      return initial;
    }
  });
  const store = useCallback(
    (next: T) => {
      setValue(next);
      localStorage.setItem(name, JSON.stringify(next));
    },
    [name],
  );
  return [value, store];
}
