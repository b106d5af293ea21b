/** The part of a model's path or hub id that tells it from others. */
export function modelName(model: string): string {
  const parts = model
    .replace(/^builtin:/, "")
    .split("/")
    .filter(Boolean);
  return parts.at(-1) ?? model;
}
