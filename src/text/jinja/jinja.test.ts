/** Small templates equal to transformers' Jinja: text, or the kind of the error. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../util/json/index.js";
import { TemplateError, TemplateRefusal, TemplateSyntaxError } from "./errors.js";
import { templateGlobals } from "./globals.js";
import { compileTemplate } from "./template.js";
import type { Value } from "./values.js";

const fixture = JSON.parse(
  readFileSync(new URL("../../../test/parity/fixtures/text/jinja.json", import.meta.url), "utf8"),
) as { variables: string; cases: [template: string, text: string | null, error?: string][] };

const variables = Object.entries(parseJson(fixture.variables) as Record<string, Value>);

function render(template: string): string {
  const globals = templateGlobals((format) => format);
  return compileTemplate(template).render(new Map([...globals, ...variables])).text;
}

const raising = fixture.cases.filter(([, , error]) => error !== undefined);
const rendering = fixture.cases.filter(([, text]) => text !== null);

describe("a template of the fixture", () => {
  it("is rendered as transformers does", () => {
    expect(rendering.length).toBeGreaterThan(1000);
    for (const [template, text] of rendering) expect(render(template), template).toBe(text);
  });

  it("raises where transformers does, and for the same reason", () => {
    expect(raising.length).toBeGreaterThan(300);
    for (const [template, , error] of raising) expect(kindOfError(template), template).toBe(error);
  });
});

function kindOfError(template: string): string {
  try {
    return `nothing: ${render(template)}`;
  } catch (error) {
    if (error instanceof TemplateError) return error.kind;
    if (error instanceof TemplateRefusal) return "TemplateError";
    return error instanceof TemplateSyntaxError ? "compile" : String(error);
  }
}
