/** What the JSON of a call says, whole or as far as it is written. */
import { isRecord } from "../../util/isRecord.js";
import type { Member, ObjectScanner } from "./objectScanner.js";

/** Where the JSON of a call stands in the text that is held. */
export interface CallJson {
  scanner: ObjectScanner;
  /** Offset of its brace. */
  start: number;
  /** The call's name where it stands before the JSON, which is the arguments then. */
  name: string | undefined;
}

/**
 * The name and the arguments of a call whose JSON is whole, or what is wrong with it.
 *
 * @param isAllowed whether a call of this name is one, where the JSON has the name
 */
export function wholeCall(
  held: string,
  { scanner, start, name }: CallJson,
  isAllowed: (name: string) => boolean,
): { name: string; text: string } | string {
  const text = held.slice(start, scanner.end);
  const value = parsed(text);
  if (value === undefined) return "it is not JSON";
  if (name !== undefined) return { name, text };
  if (typeof value.name !== "string" || value.name === "") return "it has no name";
  if (!isAllowed(value.name)) return "its name is that of no tool";
  const member = argumentsOf(scanner);
  if (!member) return { name: value.name, text: "{}" };
  const given = held.slice(member.start, member.end).trim();
  const own = given.startsWith('"') ? (JSON.parse(given) as string) : given;
  return parsed(own) ? { name: value.name, text: own } : "its arguments are no object";
}

/** Where the arguments stand so far; nothing before they begin, and where they are no object. */
export function argumentsSoFar(
  held: string,
  { scanner, start, name }: CallJson,
): { from: number; to: number } | undefined {
  const place = name === undefined ? argumentsOf(scanner) : { start, end: scanner.end };
  if (!place || place.start < 0 || held[place.start] !== "{") return undefined;
  return { from: place.start, to: place.end < 0 ? held.length : place.end };
}

/** The name of a call once it is known. */
export function nameSoFar(held: string, { scanner, name }: CallJson): string | undefined {
  if (name !== undefined) return name;
  const member = scanner.members.find(({ key, end }) => key === "name" && end >= 0);
  const value = member && held.slice(member.start, member.end);
  return value?.startsWith('"') ? (JSON.parse(value) as string) : undefined;
}

function argumentsOf({ members }: ObjectScanner): Member | undefined {
  return members.find(({ key }) => key === "arguments" || key === "parameters");
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
