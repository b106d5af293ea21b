import { useEffect, useLayoutEffect, useRef } from "react";

/** Pixels from the page's end within which the user is taken to read along. */
const near = 120;

/** Keeps the page at its end while something grows there, unless the user has scrolled away. */
export function useFollowEnd(grown: unknown, place: unknown): void {
  const isAtEnd = useRef(true);
  useEffect(() => {
    const look = () => {
      const { scrollHeight } = document.documentElement;
      isAtEnd.current = scrollHeight - innerHeight - scrollY < near;
    };
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place begins at its end
  useLayoutEffect(() => {
    isAtEnd.current = true;
  }, [place]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what has grown moves the end
  useLayoutEffect(() => {
    if (isAtEnd.current) scrollTo({ top: document.documentElement.scrollHeight });
  }, [grown]);
}
