/** Tools as the user wrote them, or null where that is no JSON array of objects; empty where nothing is. */
export function readTools(text: string): object[] | null {
  if (text.trim() === "") return [];
  try {
    const value: unknown = JSON.parse(text);
    const isList = Array.isArray(value) && value.every((tool) => typeof tool === "object" && tool);
    return isList ? (value as object[]) : null;
  } catch {
    return null;
  }
}
