/** Small line drawings for buttons; each button says in words what it does. */
import type { ReactNode } from "react";

export type IconName = keyof typeof drawings;

const drawings = {
  copy: <path d="M6 6V3.5h6.5V10H10M3.5 6H10v6.5H3.5z" />,
  edit: <path d="m3.5 12.5.7-3L10.5 3l2.5 2.5-6.3 6.3zM9 4.5 11.5 7" />,
  again: <path d="M12.6 6.6A5 5 0 1 0 12.8 9M13 3.2v3.5H9.5" />,
  remove: <path d="M3 4.5h10M6.5 4V2.8h3V4M4.5 4.5l.6 8.7h5.8l.6-8.7M6.8 7v4M9.2 7v4" />,
  onward: <path d="M2.5 4v8L7 8zM8 4v8l4.5-4zM13.5 4v8" />,
  before: <path d="M9.5 3.5 5 8l4.5 4.5" />,
  after: <path d="M6.5 3.5 11 8l-4.5 4.5" />,
  send: <path d="M8 13V3.5M3.8 7.5 8 3.3l4.2 4.2" />,
  stop: <path d="M4.5 4.5h7v7h-7z" fill="currentColor" />,
  list: <path d="M3 4.5h10M3 8h10M3 11.5h6" />,
  sliders: <path d="M3 5h6M12 5h1M3 11h1M7 11h6M10.5 3.5v3M5.5 9.5v3" />,
  add: <path d="M8 3.5v9M3.5 8h9" />,
} satisfies Record<string, ReactNode>;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {drawings[name]}
    </svg>
  );
}

/** A button that is a drawing; its label is shown on hover and read aloud. */
export function IconButton(props: {
  icon: IconName;
  label: string;
  onClick: () => void;
  disabled?: boolean;
}) {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={props.label}
      title={props.label}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  );
}
