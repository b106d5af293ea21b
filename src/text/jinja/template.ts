/** A whole template, from its source to its text. */
import { compileBody } from "./compile.js";
import { type Context, type Notes, newFrame, type Place, scopeEntry } from "./frame.js";
import { parseTemplate } from "./parse.js";
import { innerScope, noteBody } from "./scope.js";
import type { Value } from "./values.js";

export interface Template {
  /**
   * Whether the template has `{% generation %}` blocks and the place of each in the text is known.
   * It is not for one inside a macro, whose text may go anywhere.
   */
  hasGenerationMarks: boolean;
  /** @throws TemplateError, TemplateRefusal */
  render(variables: ReadonlyMap<string, Value>): { text: string; spans: [number, number][] };
}

/** @throws TemplateSyntaxError */
export function compileTemplate(source: string): Template {
  const body = parseTemplate(source);
  const notes: Notes = { blocks: new Set(), generations: [] };
  const scope = innerScope(undefined);
  noteBody(scope, body);
  const place: Place = {
    scope,
    unit: { parent: undefined, slots: new Map() },
    topLevel: true,
    soft: false,
    buffered: false,
    inLoop: false,
    notes,
  };
  const enter = scopeEntry(place);
  const run = compileBody(body, place);
  return {
    hasGenerationMarks: notes.generations.length > 0 && notes.generations.every(Boolean),
    render(given) {
      const context: Context = { given, set: new Map(), spans: [] };
      const frame = newFrame(context);
      enter(frame);
      run(frame);
      return { text: frame.text, spans: context.spans };
    },
  };
}
