/** Small templates equal to transformers' Jinja: text, or the kind of the error. */
import { describe, expect, it } from "vitest";
import { readPackedJson } from "../../../test/packedJson.js";
import { parseJson } from "../../util/json/index.js";
import { TemplateError, TemplateRefusal, TemplateSyntaxError } from "./errors.js";
import { templateGlobals } from "./globals.js";
import { compileJinja } from "./index.js";
import { compileTemplate } from "./template.js";
import type { Value } from "./values.js";

const fixture = readPackedJson<{
  variables: string;
  cases: [template: string, text: string | null, error?: string][];
}>(new URL("../../../test/parity/fixtures/text/jinja.json.gz", import.meta.url));

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

describe("a renderer", () => {
  const user = [{ role: "user" as const, content: "hi" }];
  const options = { addGenerationPrompt: false };
  const renderer = (source: string) => compileJinja(source, "test", {});

  it("says on which line a template fails", () => {
    const source = "{% for m in messages %}\n{{ m.content }}\n{{ m.content + 1 }}\n{% endfor %}";
    expect(() => renderer(source).render(user, options)).toThrow(
      'TypeError: can only concatenate str (not "int") to str (line 3 of the template)',
    );
    expect(() => renderer("a\nb\n{% if x %}")).toThrow(
      expect.objectContaining({ why: expect.stringContaining("(line 3)") }),
    );
    const refusing = "\n{{ raise_exception('only ' ~ messages|length) }}";
    expect(() => renderer(refusing).render(user, options)).toThrow(new TemplateRefusal("only 1"));
  });

  it("refuses to print what Python prints as an address in memory", () => {
    for (const value of ["messages|map(attribute='role')", "messages[0].items", "namespace"])
      expect(() => renderer(`{{ ${value} }}`).render(user, options)).toThrow("Python's memory");
  });

  it("knows the places of generation blocks, but not of those that go elsewhere first", () => {
    const source = "😀{% generation %}{{ messages[0].content }}{% endgeneration %}.";
    expect(renderer(source).renderMarked(user, options)).toEqual({
      text: "😀hi.",
      spans: [[2, 4]],
    });
    expect(renderer(source).hasGenerationMarks).toBe(true);
    const inMacro = `{% macro m() %}${source}{% endmacro %}{{ m() }}`;
    expect(renderer(inMacro).hasGenerationMarks).toBe(false);
    expect(renderer(inMacro).render(user, options)).toBe("😀hi.");
  });

  it("takes a number with a fraction from code as the float it is", () => {
    const variables = { rate: 0.5, list: [{ big: 1e21, small: 3 }] };
    expect(renderer("{{ rate + 1 }} {{ list }}").render(user, { ...options, variables })).toBe(
      "1.5 [{'big': 1e+21, 'small': 3}]",
    );
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
