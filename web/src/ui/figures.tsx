/** Numbers that are looked at first, and small pictures of them. */
import type { ReactNode } from "react";
import { Hint } from "./Hint";

export function Figures({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <dl className="figure-list" aria-label={label}>
      {children}
    </dl>
  );
}

/** A number with its name, its unit or what it is of in small letters behind. */
export function Figure(props: { name: string; value: string; of?: string; hint?: ReactNode }) {
  return (
    <div>
      <dt>
        {props.name}
        {props.hint && <Hint about={props.name}>{props.hint}</Hint>}
      </dt>
      <dd>
        <span>{props.value}</span> {props.of && <small>{props.of}</small>}
      </dd>
    </div>
  );
}

/** A curve without axes; figures beside it say what it shows. */
export function Sparkline({ values }: { values: readonly number[] }) {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return <svg className="sparkline" aria-hidden="true" />;
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const x = (index: number) => (index / (finite.length - 1)) * 100;
  const y = (value: number) => 28 - ((value - low) / (high - low || 1)) * 26;
  const line = finite.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  return (
    <svg className="sparkline" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={line.join(" ")} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
