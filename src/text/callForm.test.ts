import { describe, expect, it } from "vitest";
import { withCallForm } from "./callForm.js";
import { compileJinja } from "./jinja/index.js";
import type { Message } from "./types.js";

const conversation = (given: unknown): Message[] => [
  { role: "user", content: "Weather?" },
  {
    role: "assistant",
    content: "",
    tool_calls: [{ type: "function", function: { name: "weather", arguments: given as null } }],
  },
];

function render(call: string, given: unknown): string {
  const source = `{% for m in messages %}{% for c in m.tool_calls %}${call}{% endfor %}{% endfor %}`;
  const renderer = withCallForm(compileJinja(source, "test", {}));
  return renderer.render(conversation(given), { addGenerationPrompt: false });
}

describe("arguments of a call", () => {
  it("are JSON text, as json.dumps writes it, for a template that joins them to a text", () => {
    const joining = "{{ c.function.name + ' ' + c.function.arguments }}";
    expect(render(joining, { city: "北京", days: [1, 2] })).toBe(
      'weather {"city": "北京", "days": [1, 2]}',
    );
  });

  it("are shown by a template that looks for calls where the content is null", () => {
    const renderer = withCallForm(
      compileJinja(
        "{% for m in messages %}{% if m.content is none %}" +
          "{% for c in m.tool_calls %}{{ c.function.name + c.function.arguments }}{% endfor %}" +
          "{% else %}{{ m.content }};{% endif %}{% endfor %}",
        "test",
        {},
      ),
    );
    expect(renderer.render(conversation({ a: 1 }), { addGenerationPrompt: false })).toBe(
      'Weather?;weather{"a": 1}',
    );
  });

  it("stay an object for a template that writes it as JSON, or takes both", () => {
    expect(render("{{ c.function.arguments | tojson }}", { a: { b: null } })).toBe(
      '{"a": {"b": null}}',
    );
    const both =
      "{{ c.function.arguments if c.function.arguments is string else c.function.arguments | length }}";
    expect(render(both, { a: 1, b: 2 })).toBe("2");
  });

  it("raise what the template raises where text is no remedy", () => {
    expect(() => render("{{ raise_exception('no tools here') }}", {})).toThrow("no tools here");
    expect(() => render("{{ c.function.arguments + 1 }}", {})).toThrow("dict");
  });
});
