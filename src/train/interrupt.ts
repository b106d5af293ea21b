/** A signal stops a run at the next place where it may be left. */
import { receivedSignal, watchSignals } from "../tensor/index.js";
import { TunewrightError } from "../util/errors.js";

/** Thrown where a signal asks the run to stop. */
export class Interrupted extends TunewrightError {}

/** Stops the run where a signal has come: given to whatever takes long. */
export function stopIfAsked(): void {
  if (receivedSignal() !== 0) throw new Interrupted("stopped by a signal");
}

/**
 * From here on a signal is noted instead of ending the process.
 *
 * @returns ends that, unless a signal has come: one more, sent by a launcher and a scheduler both,
 *   must not end the process between its last checkpoint and its exit code
 */
export function watchForStop(): () => void {
  watchSignals(true);
  return () => {
    if (receivedSignal() === 0) watchSignals(false);
  };
}
