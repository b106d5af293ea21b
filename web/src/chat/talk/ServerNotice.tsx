import { useTexts } from "../../language";
import { Button } from "../../ui";
import type { ChosenModel, Models } from "../models";
import { texts } from "./texts";

/** Why nothing can be asked now, and what to do. */
export function ServerNotice({ models, chosen }: { models: Models; chosen: ChosenModel }) {
  const t = useTexts(texts);
  const { status, isConnected } = models;
  // That the server is gone is said at the top of the page.
  if (!status || !isConnected) return null;
  const isGone = chosen.name !== null && (!chosen.served || chosen.served.state === "failed");
  return (
    <>
      {!status.ready && (
        <p className="notice warn" role="status">
          {t.restarting}
        </p>
      )}
      {chosen.problem && (
        <p className="notice bad" role="alert">
          {chosen.problem}
        </p>
      )}
      {chosen.served?.error && (
        <p className="notice bad" role="alert">
          {chosen.served.error}
        </p>
      )}
      {status.ready && isGone && !chosen.served?.error && (
        <div className="notice warn" role="alert">
          {t.modelGone(chosen.name!)}{" "}
          {chosen.entry && (
            <Button tone="quiet" onClick={chosen.load}>
              {t.loadAgain}
            </Button>
          )}{" "}
          {t.chooseOther}
        </div>
      )}
    </>
  );
}
