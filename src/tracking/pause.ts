/** A wait that can be ended early. */
export interface Pause {
  wait(milliseconds: number): Promise<void>;
  /** Ends the wait that goes on, if there is one. */
  wake(): void;
}

export function createPause(): Pause {
  let wake = () => {};
  return {
    wait: (milliseconds) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    wake: () => wake(),
  };
}
