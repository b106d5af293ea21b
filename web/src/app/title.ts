/** The title of the document, by what is shown. */
import { useEffect, useLayoutEffect } from "react";

const program = "Tunewright";

/** Of a screen as a whole: comes before what its parts say by {@link useTitle}. */
export function useScreenTitle(title: string): void {
  useLayoutEffect(() => {
    document.title = `${title} · ${program}`;
  }, [title]);
}

/** Of a part of a screen, for as long as it is shown; null leaves the title as it is. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    if (title === null) return;
    const before = document.title;
    document.title = `${title} · ${program}`;
    return () => {
      document.title = before;
    };
  }, [title]);
}
