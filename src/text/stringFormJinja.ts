/** Formats that are written as text, in Jinja. */
import type { StringForm } from "./templateForm.js";

/** Source that renders a conversation to the text that the format gives. */
export function stringFormJinja(form: StringForm): string {
  const { bosFirst, begin = "", end = "", prompt, between = "" } = form;
  const lines = [
    bosFirst || begin ? `{{- ${expression(`${bosFirst ? "{bos}" : ""}${begin}`)} }}` : "",
    "{%- if tools %}{{- raise_exception('This format has no tools.') }}{%- endif %}",
    ...systemBefore(form),
    "{%- for message in messages %}",
    between &&
      `    {{- ${expression(between)} if not loop.first and messages[loop.index0 - 1].role == 'assistant' else '' }}`,
    `    {%- set content = message.content${form.trim ? " | trim" : ""} %}`,
    ...systemInside(form),
    "    {%- elif message.role == 'user' %}",
    ...(form.system === undefined && form.systemInUser !== undefined
      ? [
          `    {%- if system.waits %}{%- set content = (${expression(form.systemInUser, { content: "message.content", system: "messages[0].content" })})${form.trim ? " | trim" : ""} %}{%- set system.waits = false %}{%- endif %}`,
        ]
      : []),
    `    {{- ${expression(form.user)} }}`,
    "    {%- elif message.role == 'assistant' and not message.tool_calls %}",
    `    {{- ${expression(`${prompt}${form.assistant}`)} }}`,
    "    {%- else %}{{- raise_exception('This format has no tools.') }}",
    "    {%- endif %}",
    "{%- endfor %}",
    ...systemBehind(form),
    prompt || end
      ? `{{- ${expression(prompt)} if add_generation_prompt else ${expression(end)} }}`
      : "",
  ];
  return lines.filter((line) => line !== "").join("\n");
}

function systemBefore({ system, systemInUser, defaultSystem }: StringForm): string[] {
  if (system !== undefined && defaultSystem !== undefined) {
    const text = system.replace("{content}", () => defaultSystem);
    return [`{%- if messages[0].role != 'system' %}{{- ${expression(text)} }}{%- endif %}`];
  }
  if (system === undefined && systemInUser !== undefined) {
    return ["{%- set system = namespace(waits=messages[0].role == 'system') %}"];
  }
  return [];
}

function systemInside({ system, systemInUser }: StringForm): string[] {
  const opened = "    {%- if message.role == 'system' %}";
  if (system !== undefined) return [opened, `    {{- ${expression(system)} }}`];
  if (systemInUser === undefined) {
    return [opened, "    {{- raise_exception('This format has no system message.') }}"];
  }
  return [opened, `    {{- '' if loop.first else ${misplaced} }}`];
}

function systemBehind({ system, systemInUser }: StringForm): string[] {
  if (system !== undefined || systemInUser === undefined) return [];
  return [`{{- ${misplaced} if system.waits else '' }}`];
}

const misplaced =
  "raise_exception('This format has one system message, before the first question.')";

/** Names of what stands in braces in a form. */
const places = { content: "content", system: "system", bos: "bos_token", eos: "eos_token" };

/** A form's text as an expression: texts and names, joined. */
function expression(text: string, names: Partial<typeof places> = {}): string {
  const parts = text.split(/\{(content|system|bos|eos)\}/);
  const terms = parts.flatMap((part, index) => {
    if (index % 2 === 1) return [{ ...places, ...names }[part as keyof typeof places]];
    return part === "" ? [] : [quoted(part)];
  });
  return terms.length === 0 ? "''" : terms.join(" + ");
}

function quoted(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n");
  return `'${escaped}'`;
}
