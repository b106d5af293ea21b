/** How a value from the caller is shown in an error message. */

/** `number 5`, `string "abc"`, `array of 3`, … short enough for one line. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  switch (typeof value) {
    case "string":
      return `string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
    case "number":
    case "boolean":
      return `${typeof value} ${value}`;
    case "bigint":
      return `bigint ${value}n`;
    case "symbol":
    case "function":
      return `a ${typeof value}`;
  }
  return describeObject(value as object);
}

function describeObject(value: object): string {
  // A hostile object may throw from its prototype or constructor.
  try {
    if (value instanceof Number) return `number ${value}`;
    if (Array.isArray(value)) return `an array of ${value.length}`;
    const name = Object.getPrototypeOf(value)?.constructor?.name;
    return typeof name === "string" && name && name !== "Object" ? `a ${name}` : "an object";
  } catch {
    return "an object";
  }
}

/** `Array.isArray`, false where a hostile object makes it throw. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
