/** What whoever waits for the engine is told when it has ended. */
import { TunewrightError } from "../../util/errors.js";

/** The engine ended, or was ended, while something was asked of it. */
export class EngineGone extends TunewrightError {
  override readonly code = "ENGINE_GONE";
}

/** @param signal that ended it, where that was not the server's own doing */
export function goneError(reason: string, signal: NodeJS.Signals | null): EngineGone {
  const killed = "it was killed: by hand, or by the system for want of memory";
  return new EngineGone(reason, {
    ...(signal === "SIGKILL" ? { why: killed } : {}),
    todo: "ask again in some seconds",
  });
}
