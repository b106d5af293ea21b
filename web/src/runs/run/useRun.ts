/** A run with all that happens to it while it is looked at. */
import { useEffect, useMemo, useRef, useState } from "react";
import type {
  GeneratedDialogue,
  GeneratedSample,
  LiveEvent,
  Notice,
  RunCurves,
  RunDetail,
  RunSummary,
} from "../../../../src/serve/schema";
import { follow } from "../../api/events";
import { useServer } from "../../api/live";
import { type Resource, useResource } from "../../api/useResource";
import { runPath } from "../addresses";
import { type LivePoint, useCurvesOf } from "../useCurves";

/** What came since the run's curves were fetched. */
interface News {
  summary: RunSummary | null;
  points: LivePoint[];
  notices: Notice[];
  samples: GeneratedSample[];
  dialogues: GeneratedDialogue[];
}

const nothing: News = { summary: null, points: [], notices: [], samples: [], dialogues: [] };

/** Milliseconds that events are gathered for before the page shows them. */
const pause = 250;

export interface LiveRun extends Resource<RunDetail> {
  /** Its curves over steps. */
  steps: Resource<RunCurves>;
  /** Points that came since. */
  points: readonly LivePoint[];
}

export function useRun(id: string): LiveRun {
  const detail = useResource<RunDetail>(runPath(id));
  const steps = useCurvesOf(id, "step");
  const news = useNews(id, steps.data?.position ?? null, detail.reload, steps.reload);
  const newest = useServer().runs.get(id);
  const data = useMemo(
    () => detail.data && withNews(detail.data, news, newest),
    [detail.data, news, newest],
  );
  return { ...detail, data, steps, points: news.points };
}

function useNews(
  id: string,
  position: string | null,
  reloadDetail: () => void,
  reloadCurves: () => void,
): News {
  const [news, setNews] = useState(nothing);
  const waiting = useRef<LiveEvent[]>([]);
  useEffect(() => {
    if (position === null) return;
    waiting.current = [];
    setNews(nothing);
    const stop = follow(runPath(id, `live?since=${encodeURIComponent(position)}`), (event) =>
      waiting.current.push(event as LiveEvent),
    );
    const timer = setInterval(() => {
      const events = waiting.current;
      if (events.length === 0) return;
      waiting.current = [];
      setNews((before) => events.reduce(withEvent, before));
      // What can be done with it, its checkpoints and its attempts only the whole tells.
      if (has(events, "resume", "checkpoint", "end", "error")) reloadDetail();
      // Points after the step that it went on from are void.
      if (has(events, "resume")) reloadCurves();
    }, pause);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [id, position, reloadDetail, reloadCurves]);
  return news;
}

function has(events: readonly LiveEvent[], ...kinds: Notice["kind"][]): boolean {
  return events.some((event) => event.type === "notice" && kinds.includes(event.notice.kind));
}

function withEvent(news: News, event: LiveEvent): News {
  switch (event.type) {
    case "summary":
      return { ...news, summary: event.summary };
    case "point":
      return { ...news, points: [...news.points, event] };
    case "notice":
      return { ...news, notices: [...news.notices, event.notice] };
    case "sample":
      return { ...news, samples: [...news.samples, event.sample] };
    case "dialogue":
      return { ...news, dialogues: [...news.dialogues, event.dialogue] };
  }
}

/** The newest figures, and what the detail, fetched at another moment, does not have yet. */
function withNews(detail: RunDetail, news: News, newest: RunSummary | undefined): RunDetail {
  const summaries = [news.summary, newest].filter((one) => one != null);
  const summary = summaries.sort((a, b) => b.updated - a.updated)[0];
  return {
    ...detail,
    ...(summary && summary.updated >= detail.updated ? summary : {}),
    notices: together(detail.notices, news.notices, (one) => `${one.kind} ${one.time} ${one.step}`),
    samples: together(detail.samples, news.samples, (one) => `${one.step} ${one.prompt}`),
    dialogues: together(detail.dialogues, news.dialogues, (one) => String(one.step)),
  };
}

function together<T>(known: readonly T[], added: readonly T[], keyOf: (one: T) => string): T[] {
  const keys = new Set(known.map(keyOf));
  return [...known, ...added.filter((one) => !keys.has(keyOf(one)))];
}
