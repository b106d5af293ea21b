/** A few values that are dear to make, kept by their keys. */

/**
 * @param most values that are kept
 * @param close called with one that is kept no more, when it has been made
 * @returns gives the value of a key, made where there is none; one that could not be made is tried anew
 */
export function recentlyUsed<Value>(
  most: number,
  close: (value: Value) => Promise<void>,
): (key: string, make: () => Promise<Value>) => Promise<Value> {
  const values = new Map<string, Promise<Value>>();
  return (key, make) => {
    const value = values.get(key) ?? make();
    values.delete(key);
    values.set(key, value);
    value.catch(() => {
      if (values.get(key) === value) values.delete(key);
    });
    for (const oldest of [...values.keys()].slice(0, -most)) {
      const gone = values.get(oldest)!;
      values.delete(oldest);
      // Whoever is at work with it has its answer first.
      setTimeout(() => void gone.then(close).catch(() => {}), 10_000).unref();
    }
    return value;
  };
}
