import { useMemo } from "react";
import type { RunList, RunSummary } from "../../../src/serve/schema";
import { useServer } from "../api/live";
import { type Resource, useResource } from "../api/useResource";

/** The runs as they are now, the newest first. */
export function useRuns(): Resource<RunList> {
  const resource = useResource<RunList>("api/runs");
  const { runs: changed } = useServer();
  const data = useMemo(() => {
    if (resource.data === null) return null;
    const all = new Map(resource.data.runs.map((run) => [run.id, run]));
    for (const run of changed.values()) {
      if (run.updated >= (all.get(run.id)?.updated ?? 0)) all.set(run.id, run);
    }
    return { ...resource.data, runs: [...all.values()].sort(newestFirst) };
  }, [resource.data, changed]);
  return { ...resource, data };
}

/** What trains now stays in its place, whichever wrote last. */
function newestFirst(a: RunSummary, b: RunSummary): number {
  return b.started - a.started || a.name.localeCompare(b.name);
}
