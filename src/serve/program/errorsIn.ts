/** Errors out of what a command printed: a line of what, one of why, one of what to do. */

export interface ToldError {
  what: string;
  why: string | null;
  todo: string | null;
}

/** @param text as `reportError` of the command line writes it, among other lines */
export function errorsIn(text: string): ToldError[] {
  const errors: ToldError[] = [];
  for (const line of text.split("\n")) {
    const [, what] = /^(?:tunewright: )?error: (.*)$/.exec(line) ?? [];
    const [, part, rest] = /^ {2}(why|to do): (.*)$/.exec(line) ?? [];
    const last = errors.at(-1);
    if (what !== undefined) errors.push({ what, why: null, todo: null });
    else if (last && rest !== undefined) last[part === "why" ? "why" : "todo"] = rest;
  }
  return errors;
}
