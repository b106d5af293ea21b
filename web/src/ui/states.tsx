/** Loading, empty and failed: each screen shows them alike. */
import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import type { Resource } from "../api/useResource";
import { bothLanguages, useTexts } from "../language";
import { Button } from "./controls";

const texts = bothLanguages(
  {
    loading: "Loading …",
    failed: "This could not be loaded",
    again: "Try again",
    noAnswer: "The server does not answer. Is it still running?",
  },
  {
    loading: "正在加载……",
    failed: "无法加载",
    again: "重试",
    noAnswer: "服务器没有响应，请确认它仍在运行。",
  },
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

/** What went wrong with a request, in the language of the page where it is the page that says it. */
export function useExplained(): (error: unknown) => string {
  const t = useTexts(texts);
  return (error) =>
    error instanceof ApiError && error.status === 0
      ? t.noAnswer
      : error instanceof Error
        ? error.message
        : String(error);
}

/** Shows what was fetched, or how far that is. */
export function Loaded<T>(props: { resource: Resource<T>; children: (data: T) => ReactNode }) {
  const { data, error, reload } = props.resource;
  const explain = useExplained();
  if (data !== null) return <>{props.children(data)}</>;
  return error ? <Failure message={explain(error)} onRetry={reload} /> : <Loading />;
}
