/**
 * The format of MOSS: a turn has five parts, of which thoughts, commands and results may be "None";
 * those before the first that is not belong to the prompt. Thoughts, commands and results are messages
 * with their marks, as the data format `moss` reads them.
 */
import type { JinjaForm } from "../templateForm.js";

const source = String.raw`
{%- for message in messages %}
    {%- set content = message.content %}
    {%- set after_result = loop.previtem is defined and loop.previtem.role == 'tool' %}
    {%- if message.role == 'system' %}
    {{- content + ('' if content.endswith('\n') else '\n') }}
    {%- elif message.role == 'user' %}
    {{- '<|Human|>: ' + content + '<eoh>\n' }}
    {%- elif message.role == 'tool' %}
    {{- content + '\n' if content.startswith('<|Results|>:') else '<|Results|>:\n' + content + '\n<eor>\n' }}
    {%- else %}
    {%- set thinks = content.startswith('<|Inner Thoughts|>:') %}
    {%- set thought = content.split('<eot>\n')[0] + '<eot>\n' if thinks else '' %}
    {%- set said = content[thought | length:] %}
    {%- set commands = said.startswith('<|Commands|>:') %}
    {%- set opening = '<|MOSS|>:' if after_result else '<|Commands|>: None<eoc>\n<|Results|>: None<eor>\n<|MOSS|>:' %}
    {{- '' if thinks or after_result else '<|Inner Thoughts|>: None<eot>\n' }}
    {{- '' if thinks or commands else opening }}
    {%- generation %}
    {{- thought + (opening if thinks and not commands else '') }}
    {{- said if commands else ' ' + said + '<eom>' }}
    {%- endgeneration %}
    {{- '\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '' if messages[-1].role == 'tool' else '<|Inner Thoughts|>: None<eot>\n<|Commands|>: None<eoc>\n<|Results|>: None<eor>\n' }}
    {{- '<|MOSS|>:' }}
{%- endif %}`;

export const mossForms = {
  /** MOSS (moss-moon-003-sft). */
  moss: {
    kind: "jinja",
    source: source.trim(),
    stop: ["<eom>", "<eoc>"],
    tokens: ["<eoh>", "<eot>", "<eor>"],
  },
} satisfies Record<string, JinjaForm>;
