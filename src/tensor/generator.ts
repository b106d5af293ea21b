/** Random generators of their own, apart from the default one. */
import { describeValue } from "./describe.js";
import type { Device } from "./dtype.js";
import { native } from "./native.js";
import { Tensor } from "./tensor.js";

/** A random generator; operators that draw take it as their `generator`. */
export class Generator {
  handle: number;

  /** @param seed an integer of zero or more */
  constructor(seed: number, device: Device = "cpu") {
    this.handle = native.makeGenerator(device, seed);
  }

  /** The state as bytes, to continue the same stream later. */
  state(): Tensor {
    return new Tensor(native.generatorState(this.handle));
  }

  setState(state: Tensor): void {
    native.setGeneratorState(this.handle, state.handle);
  }

  dispose(): void {
    native.releaseGenerator(this.handle);
    this.handle = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The handle for the addon; anything but a generator goes through for the addon to refuse. */
export function generatorHandle(value: unknown): unknown {
  if (value instanceof Generator) return value.handle;
  return typeof value === "number" ? describeValue(value) : value;
}

/** Seeds the default generator of every device. */
export function manualSeed(seed: number): void {
  native.manualSeed(seed);
}
