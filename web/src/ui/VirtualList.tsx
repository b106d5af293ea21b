import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";

/** Browsers stop placing elements some 16 million pixels down. */
const tallest = 12_000_000;
const overscan = 6;

/**
 * A list of any length of which only what is seen exists. One row is chosen, by pointer or by the
 * arrow keys, Page up and down, Home and End.
 */
export function VirtualList(props: {
  label: string;
  count: number;
  /** Height of every row in pixels. */
  rowHeight: number;
  chosen: number | null;
  onChoose: (index: number) => void;
  /** Tells which rows are seen, `[from, to)`. */
  onView: (from: number, to: number) => void;
  children: (index: number) => ReactNode;
}) {
  const { count, rowHeight, chosen, onView } = props;
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const whole = count * rowHeight;
  const drawn = Math.min(whole, tallest);
  // Where the whole list is too tall, each pixel of the scroll bar stands for more than one.
  const stretch = drawn > view.height ? (whole - view.height) / (drawn - view.height) : 1;
  const offset = Math.min(view.top * stretch, Math.max(0, whole - view.height));
  const from = Math.max(0, Math.floor(offset / rowHeight) - overscan);
  const to = Math.min(count, Math.ceil((offset + view.height) / rowHeight) + overscan);

  useEffect(() => {
    const element = frame.current!;
    const watch = new ResizeObserver(() =>
      setView({ top: element.scrollTop, height: element.clientHeight }),
    );
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => onView(from, to), [from, to, onView]);
  const isThere = chosen !== null && chosen < count;
  const stretchNow = useRef(stretch);
  stretchNow.current = stretch;
  useEffect(() => {
    if (!isThere) return;
    const element = frame.current!;
    const height = element.clientHeight;
    const offset = element.scrollTop * stretchNow.current;
    const top = chosen * rowHeight;
    if (top >= offset && top + rowHeight <= offset + height) return;
    const wanted = top < offset ? top : top + rowHeight - height;
    const isFar = Math.abs(wanted - offset) > height;
    element.scrollTop = Math.max(0, isFar ? top - height / 3 : wanted) / stretchNow.current;
  }, [chosen, isThere, rowHeight]);

  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -count,
      End: count,
    };
    const step = steps[event.key];
    if (step === undefined || count === 0) return;
    event.preventDefault();
    const next = chosen === null ? 0 : chosen + step;
    props.onChoose(Math.min(count - 1, Math.max(0, next)));
  };
  const isSeen = chosen !== null && chosen >= from && chosen < to;
  return (
    <div
      ref={frame}
      className="virtual-list"
      role="listbox"
      aria-label={props.label}
      aria-activedescendant={isSeen ? `${id}-${chosen}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onScroll={({ currentTarget: { scrollTop, clientHeight } }) =>
        setView({ top: scrollTop, height: clientHeight })
      }
    >
      <div role="presentation" style={{ height: drawn, position: "relative", overflow: "hidden" }}>
        {Array.from({ length: Math.max(0, to - from) }, (_, i) => {
          const index = from + i;
          const top = index * rowHeight - offset + view.top;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys, as listboxes do
            // biome-ignore lint/a11y/useFocusableInteractive: aria-activedescendant tells of it
            <div
              key={index}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === chosen}
              aria-posinset={index + 1}
              aria-setsize={count}
              className="virtual-row"
              style={{ height: rowHeight, transform: `translateY(${top}px)` }}
              onClick={() => props.onChoose(index)}
            >
              {props.children(index)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
