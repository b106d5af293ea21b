/** Loading, empty and failed: each screen shows them alike. */
import type { ReactNode } from "react";
import type { Resource } from "../api/useResource";
import { bothLanguages, useTexts } from "../language";
import { Button } from "./controls";

const texts = bothLanguages(
  { loading: "Loading …", failed: "This could not be loaded", again: "Try again" },
  { loading: "正在加载……", failed: "无法加载", again: "重试" },
);

export function Loading({ what }: { what?: string }) {
  const t = useTexts(texts);
  return (
    <div className="state" role="status">
      <span className="spinner" aria-hidden="true" />
      <p>{what ?? t.loading}</p>
    </div>
  );
}

/** Nothing is there yet: says why, and what to do next. */
export function Empty(props: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

export function Failure(props: { message: string; onRetry?: () => void }) {
  const t = useTexts(texts);
  return (
    <div className="state" role="alert">
      <h2>{t.failed}</h2>
      <p>{props.message}</p>
      {props.onRetry && <Button onClick={props.onRetry}>{t.again}</Button>}
    </div>
  );
}

/** Shows what was fetched, or how far that is. */
export function Loaded<T>(props: { resource: Resource<T>; children: (data: T) => ReactNode }) {
  const { data, error, reload } = props.resource;
  if (data !== null) return <>{props.children(data)}</>;
  return error ? <Failure message={error.message} onRetry={reload} /> : <Loading />;
}
