/** Formats of DeepSeek-V3 and R1, with tools. */
import type { JinjaForm } from "../templateForm.js";

/**
 * Each round of calls opens anew, where the published template remembers having opened the first.
 * @param thinks what the generation prompt opens
 */
const deepseek3 = (thinks: string) => String.raw`
{{- bos_token }}
{%- set system = namespace(text='', count=0) %}
{%- for message in messages if message.role == 'system' %}
    {%- set system.text = system.text + ('\n\n' if system.count else '') + message.content %}
    {%- set system.count = system.count + 1 %}
{%- endfor %}
{{- system.text }}
{%- for message in messages %}
    {%- set after_result = loop.previtem is defined and loop.previtem.role == 'tool' %}
    {%- if message.role == 'user' %}
    {{- '<｜User｜>' + message.content }}
    {%- elif message.role == 'assistant' %}
    {{- '' if after_result else '<｜Assistant｜>' }}
    {%- set content = message.content or '' %}
    {%- if message.tool_calls %}
    {{- content + '<｜tool▁calls▁begin｜>' }}
    {%- for call in message.tool_calls %}
    {{- '' if loop.first else '\n' }}
    {{- '<｜tool▁call▁begin｜>' + (call.type or 'function') + '<｜tool▁sep｜>' + call.function.name }}
    {{- '\n${"```"}json\n' }}
    {{- call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}
    {{- '\n${"```"}<｜tool▁call▁end｜>' }}
    {%- endfor %}
    {{- '<｜tool▁calls▁end｜>' }}
    {%- else %}
    {{- content if after_result else content.split('</think>')[-1] }}
    {%- endif %}
    {{- '<｜end▁of▁sentence｜>' }}
    {%- elif message.role == 'tool' %}
    {{- '' if after_result else '<｜tool▁outputs▁begin｜>' }}
    {{- '<｜tool▁output▁begin｜>' + message.content + '<｜tool▁output▁end｜>' }}
    {{- '' if loop.nextitem is defined and loop.nextitem.role == 'tool' else '<｜tool▁outputs▁end｜>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt and messages[-1].role != 'tool' %}{{- '<｜Assistant｜>${thinks}' }}{%- endif %}`;

const markers = {
  stop: ["<｜end▁of▁sentence｜>"],
  tokens: ["<｜User｜>", "<｜Assistant｜>"],
};

export const deepseekForms = {
  /** DeepSeek-V3 and V3-0324. */
  "deepseek-v3": { kind: "jinja", source: deepseek3("").trim(), ...markers },
  /** DeepSeek-R1 and its distilled models; reasoning of earlier turns is left out. */
  "deepseek-r1": { kind: "jinja", source: deepseek3(String.raw`<think>\n`).trim(), ...markers },
} satisfies Record<string, JinjaForm>;
