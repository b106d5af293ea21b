/** Triggers garbage collection earlier than V8 would, for memory that V8 hardly accounts for. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/** Runs a garbage collection in this thread (about 10 ms). Node offers this only through a flag. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  collect();
}

/**
 * Buffers received from another thread become old before they are used, and V8 lets about 64 MB of old
 * ones accumulate as garbage. This triggers a collection after every `limit` bytes handed out.
 * @returns a function to call with the size of each buffer that is handed out
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
