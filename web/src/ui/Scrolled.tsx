import { useEffect, useRef, useState } from "react";

/** Text as it is, of any length: it scrolls in its place, also by the keyboard. */
export function Scrolled({ children, className = "" }: { children: string; className?: string }) {
  const ref = useRef<HTMLPreElement>(null);
  const [doesScroll, setScrolls] = useState(false);
  useEffect(() => {
    const element = ref.current!;
    const watch = new ResizeObserver(() =>
      setScrolls(element.scrollHeight > element.clientHeight + 1),
    );
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return (
    <pre ref={ref} className={className} tabIndex={doesScroll ? 0 : undefined}>
      {children}
    </pre>
  );
}
