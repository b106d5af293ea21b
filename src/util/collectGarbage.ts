/** Collecting garbage before V8 would, for memory that V8 sees too little of. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/** Frees what this thread no longer uses; some ten milliseconds. Node has a flag for it only. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  collect();
}

/**
 * Buffers that come from another thread and wait to be used grow old, and V8 lets some 64 MB of old ones
 * be garbage before it looks. This one looks each time that `limit` bytes were handed out.
 * @returns what is told the bytes of each buffer that is handed out
 */
export function garbageMeter(limit: number): (bytes: number) => void {
  let given = 0;
  return (bytes) => {
    given += bytes;
    if (given < limit) return;
    given = 0;
    collectGarbage();
  };
}
