import { type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";

/** A word's explanation, by pointer, keyboard or touch. */
export function Hint({ about, children }: { about: string; children: ReactNode }) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const close = () => setOpen(false);
    addEventListener("scroll", close, { capture: true });
    return () => removeEventListener("scroll", close, { capture: true });
  }, [isOpen]);
  return (
    <span className="hint">
      <button
        ref={button}
        type="button"
        aria-label={about}
        aria-describedby={isOpen ? id : undefined}
        onMouseEnter={() => setOpen(true)}
        onMouseLeave={() => setOpen(false)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onClick={() => setOpen(true)}
        onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
      >
        ?
      </button>
      {isOpen && (
        <Bubble id={id} button={button}>
          {children}
        </Bubble>
      )}
    </span>
  );
}

/** Pixels between the bubble, its button and the edges of the window. */
const gap = 8;

/** Stands over what scrolls around the button, above it or else below, within the window. */
function Bubble(props: {
  id: string;
  button: React.RefObject<HTMLButtonElement | null>;
  children: ReactNode;
}) {
  const ref = useRef<HTMLSpanElement>(null);
  const { button } = props;
  useLayoutEffect(() => {
    const bubble = ref.current!;
    const at = button.current!.getBoundingClientRect();
    const { width, height } = bubble.getBoundingClientRect();
    const left = at.left + at.width / 2 - width / 2;
    const above = at.top - height - gap;
    bubble.style.left = `${Math.max(gap, Math.min(left, innerWidth - width - gap))}px`;
    bubble.style.top = `${above < gap ? at.bottom + gap : above}px`;
  }, [button]);
  return (
    <span ref={ref} role="tooltip" id={props.id}>
      {props.children}
    </span>
  );
}
