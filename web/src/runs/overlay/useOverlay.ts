import { useCallback, useEffect, useState } from "react";
import type { RunCurves, RunDetail } from "../../../../src/serve/schema";
import { getJson } from "../../api/client";
import { useExplained } from "../../ui";
import { runPath } from "../addresses";
import type { Axis } from "../axis";
import type { Curves } from "../metrics";

export interface OverlaidRun {
  detail: RunDetail;
  curves: Curves;
}

/** Fewer for each than one run alone has: there may be many. */
const mostPoints = 2000;

/** Milliseconds between fetches while one of them trains. */
const livePause = 5000;

interface Overlay {
  runs: readonly OverlaidRun[];
  failure: string | null;
  isLoading: boolean;
  retry: () => void;
}

/** Several runs with their curves; those that train are fetched again and again. */
export function useOverlay(ids: readonly string[], axis: Axis): Overlay {
  const [runs, setRuns] = useState<readonly OverlaidRun[]>([]);
  const [failure, setFailure] = useState<string | null>(null);
  const [isLoading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  const explain = useExplained();
  const wanted = ids.join(",");
  // biome-ignore lint/correctness/useExhaustiveDependencies: a round fetches the same again
  useEffect(() => {
    const control = new AbortController();
    const fetchAll = async () => {
      const all = wanted.split(",").filter(Boolean);
      const fetched = await Promise.all(all.map((id) => fetchRun(id, axis, control.signal)));
      if (control.signal.aborted) return;
      setRuns(fetched);
      setFailure(null);
      setLoading(false);
      if (fetched.some(({ detail }) => detail.state === "running")) {
        timer = setTimeout(() => setRound((n) => n + 1), livePause);
      }
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    fetchAll().catch((error: unknown) => {
      if (control.signal.aborted) return;
      setFailure(explain(error));
      setLoading(false);
    });
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [wanted, axis, round]);
  useEffect(() => {
    const again = () => setRound((n) => n + 1);
    addEventListener("serverback", again);
    return () => removeEventListener("serverback", again);
  }, []);
  const retry = useCallback(() => setRound((n) => n + 1), []);
  return { runs, failure, isLoading, retry };
}

async function fetchRun(id: string, axis: Axis, signal: AbortSignal): Promise<OverlaidRun> {
  const [detail, { curves }] = await Promise.all([
    getJson<RunDetail>(runPath(id), signal),
    getJson<RunCurves>(runPath(id, `curves?axis=${axis}&points=${mostPoints}`), signal),
  ]);
  return { detail, curves };
}
