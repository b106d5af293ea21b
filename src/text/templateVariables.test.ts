import { expect, test } from "vitest";
import { createJinjaTemplate } from "./jinjaTemplate.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { templateNotes } from "./templateVariables.js";
import { byteTokenizer, chatmlJinja } from "./testTokenizers.js";

test("variables that a template never reads are named, whatever its text holds", () => {
  const source =
    "think enable {{ '<think>' }}{# enable #}{% for m in messages %}{{ m['role'] }}{% endfor %}{% if mood %}!{% endif %}";
  const variables = { think: true, enable: true, mood: "good", role: "x" };
  const template = createJinjaTemplate(source, "own", byteTokenizer(), { variables });
  expect(templateNotes(template)).toEqual([
    "chat_template_kwargs think: no effect, the chat template never reads it.",
    "chat_template_kwargs enable: no effect, the chat template never reads it.",
  ]);
});

test.each([
  ["chatml", { mood: "good" }, "chat template chatml takes no variables"],
  [undefined, { messages: [] }, "chat_template_kwargs cannot set messages"],
  ["chatml", {}, undefined],
])("template %s with the variables %j", (name, variables, refusal) => {
  const resolve = () => resolveChatTemplate(name, byteTokenizer([], chatmlJinja), variables);
  if (refusal === undefined) expect(resolve().variables).toBeUndefined();
  else expect(resolve).toThrow(refusal);
});
