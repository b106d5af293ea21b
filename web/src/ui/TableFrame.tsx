import type { ReactNode } from "react";

/** A table that may be wider than its place: it scrolls in it, also by the keyboard. */
export function TableFrame({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: no fieldset, whose parts are controls
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <div className="table-frame" role="group" aria-label={label} tabIndex={0}>
      <table className="table">{children}</table>
    </div>
  );
}
