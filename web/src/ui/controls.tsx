import { type ButtonHTMLAttributes, type ReactNode, useId, useState } from "react";

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

/** A word's explanation, by pointer, keyboard or touch. */
export function Hint({ about, children }: { about: string; children: ReactNode }) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  return (
    <span className="hint">
      <button
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
        <span role="tooltip" id={id}>
          {children}
        </span>
      )}
    </span>
  );
}

/** A control with its label, and a hint where the label is a term. */
export function Field(props: {
  label: string;
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
        <label htmlFor={id}>{props.label}</label>
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

export function Tabs<T extends string>(props: {
  label: string;
  tabs: readonly { id: T; title: ReactNode }[];
  chosen: T;
  onChoose: (id: T) => void;
}) {
  const move = (by: number) => {
    const at = props.tabs.findIndex(({ id }) => id === props.chosen);
    const next = props.tabs[(at + by + props.tabs.length) % props.tabs.length];
    if (next) props.onChoose(next.id);
  };
  return (
    <div className="tabs" role="tablist" aria-label={props.label}>
      {props.tabs.map(({ id, title }) => (
        <button
          key={id}
          type="button"
          role="tab"
          aria-selected={id === props.chosen}
          tabIndex={id === props.chosen ? 0 : -1}
          onClick={() => props.onChoose(id)}
          onKeyDown={(event) => {
            if (event.key === "ArrowRight") move(1);
            if (event.key === "ArrowLeft") move(-1);
          }}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
