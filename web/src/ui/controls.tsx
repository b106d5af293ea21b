import {
  type ButtonHTMLAttributes,
  type KeyboardEvent,
  type ReactNode,
  useId,
  useRef,
} from "react";
import { Hint } from "./Hint";

type Tone = "primary" | "quiet" | "danger";

export function Button({
  tone,
  className = "",
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { tone?: Tone }) {
  return <button type="button" {...rest} className={`button ${tone ?? ""} ${className}`} />;
}

export function LinkButton(props: { href: string; tone?: Tone; children: ReactNode }) {
  return (
    <a className={`button ${props.tone ?? ""}`} href={props.href}>
      {props.children}
    </a>
  );
}

export function Card({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <section className="card" aria-label={label}>
      {children}
    </section>
  );
}

export function Badge({
  tone = "",
  children,
}: {
  tone?: "" | "good" | "warn" | "bad" | "accent";
  children: ReactNode;
}) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

/** A control with its label, and a hint where the label is a term. */
export function Field(props: {
  label: string;
  /** What it is to people, where the label is a key of a file: it comes before. */
  title?: string | undefined;
  hint?: ReactNode;
  error?: string | null;
  /** Gets the ids that tie the control to its label and error. */
  children: (ids: {
    id: string;
    "aria-describedby"?: string;
    "aria-invalid"?: boolean;
  }) => ReactNode;
}) {
  const id = useId();
  const error = props.error ? `${id}-error` : undefined;
  return (
    <div className="field">
      <span className="label">
        <label htmlFor={id}>
          {props.title && <b>{props.title} </b>}
          {props.label}
        </label>
        {props.hint && <Hint about={props.label}>{props.hint}</Hint>}
      </span>
      {props.children({
        id,
        ...(error ? { "aria-describedby": error, "aria-invalid": true } : {}),
      })}
      {error && (
        <span id={error} className="small bad-text" role="alert">
          {props.error}
        </span>
      )}
    </div>
  );
}

/** Shows `children` for the chosen tab. Arrows, Home and End move among tabs. */
export function Tabs<T extends string>(props: {
  label: string;
  tabs: readonly { id: T; title: ReactNode }[];
  chosen: T;
  onChoose: (id: T) => void;
  children?: ReactNode;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const move = (index: number) => {
    const at = (index + props.tabs.length) % props.tabs.length;
    const next = props.tabs[at];
    if (!next) return;
    props.onChoose(next.id);
    (list.current?.children[at] as HTMLElement | undefined)?.focus();
  };
  const onKey = (event: KeyboardEvent, index: number) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  };
  return (
    <>
      <div className="tabs" role="tablist" aria-label={props.label} ref={list}>
        {props.tabs.map((tab, index) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${id}-${tab.id}`}
            aria-selected={tab.id === props.chosen}
            aria-controls={props.children && tab.id === props.chosen ? `${id}-panel` : undefined}
            tabIndex={tab.id === props.chosen ? 0 : -1}
            onClick={() => props.onChoose(tab.id)}
            onKeyDown={(event) => onKey(event, index)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      {props.children && (
        <div
          className="tab-panel"
          role="tabpanel"
          id={`${id}-panel`}
          aria-labelledby={`${id}-${props.chosen}`}
        >
          {props.children}
        </div>
      )}
    </>
  );
}
