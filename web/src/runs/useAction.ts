import { useCallback, useState } from "react";
import { useExplained } from "../ui";

/** Something that a button asks of the server. */
export interface Action {
  isBusy: boolean;
  /** Why it failed. */
  error: string | null;
  /** Does it; what it throws becomes `error`. */
  run(work: () => Promise<void>): void;
}

export function useAction(): Action {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const explain = useExplained();
  const run = useCallback(
    (work: () => Promise<void>) => {
      setBusy(true);
      setError(null);
      work()
        .catch((failure: unknown) => setError(explain(failure)))
        .finally(() => setBusy(false));
    },
    [explain],
  );
  return { isBusy, error, run };
}
