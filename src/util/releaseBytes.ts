/**
 * Memory of others that is seen as a Uint8Array. Whoever reads it last can let go of it, without knowing
 * whose it is: Node runs finalizers only in the event loop, so a loop that never returns to it has to.
 */

/** Lets go of a buffer that is its owner's; leaves others as they are. */
type Release = (buffer: ArrayBuffer) => void;

let release: Release = () => {};

/** Makes an owner known; there is one. */
export function setReleaseOfBytes(ofOwner: Release): void {
  release = ofOwner;
}

/** Frees memory of its owner at once; the view is empty from then on. Views of other memory stay as they are. */
export function releaseBytes({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) release(buffer);
}
