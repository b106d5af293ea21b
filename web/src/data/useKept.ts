import { useEffect, useRef } from "react";

/** The value, or while there is none the last that there was: so that nothing jumps between two rows. */
export function useKept<T>(value: T | null): T | null {
  const kept = useRef<T | null>(null);
  useEffect(() => {
    if (value !== null) kept.current = value;
  }, [value]);
  return value ?? kept.current;
}
