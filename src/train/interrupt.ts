/** A signal stops a run at the next place where it may be left. */
import { receivedSignal } from "../tensor/index.js";
import { TunewrightError } from "../util/errors.js";

/** Thrown where a signal asks the run to stop. */
export class Interrupted extends TunewrightError {}

/** Stops the run where a signal has come: given to whatever takes long. */
export function stopIfAsked(): void {
  if (receivedSignal() !== 0) throw new Interrupted("stopped by a signal");
}
