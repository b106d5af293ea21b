/**
 * Lends byte buffers to generators and takes them back, so that reading hundreds of tensors makes
 * a handful of allocations instead of leaving gigabytes to the garbage collector.
 */

export interface BufferPool {
  /** At least `bytes` long, contents undefined, aligned to eight bytes. */
  take(bytes: number): Uint8Array;
  give(buffer: Uint8Array): void;
}

export function createBufferPool(): BufferPool {
  const idle: Uint8Array[] = [];
  return {
    take(bytes) {
      const found = idle.findIndex((buffer) => buffer.length >= bytes);
      if (found >= 0) return idle.splice(found, 1)[0]!;
      return new Uint8Array(new ArrayBuffer(bytes));
    },
    give(buffer) {
      idle.push(buffer);
      idle.sort((a, b) => a.length - b.length);
      // Keeping the largest few bounds what the pool can hold on to.
      if (idle.length > 4) idle.shift();
    },
  };
}
