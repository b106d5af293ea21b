/** Formats of Llama 3.1 and later: a header of dates, and tools. */
import type { JinjaForm } from "../templateForm.js";

/** @param today date where `date_string` gives none, as an expression */
const llama31 = (today: string) => String.raw`
{{- bos_token }}
{%- set date = date_string if date_string is defined else ${today} %}
{%- set has_tools = tools is defined and tools is not none %}
{%- set asks_with_tools = has_tools and (tools_in_user_message is not defined or tools_in_user_message) %}
{%- set has_system = messages[0].role == 'system' %}
{%- macro list_of(functions) %}
    {{- 'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.Do not use variables.\n\n' }}
    {%- for one in functions %}{{- one | tojson(indent=4) + '\n\n' }}{%- endfor %}
{%- endmacro %}
{{- '<|start_header_id|>system<|end_header_id|>\n\n' }}
{{- 'Environment: ipython\n' if has_tools else '' }}
{{- 'Cutting Knowledge Date: December 2023\nToday Date: ' + date + '\n\n' }}
{%- if has_tools and not asks_with_tools %}
    {{- 'You have access to the following functions. To call a function, please respond with JSON for a function call.' }}
    {{- list_of(tools) }}
{%- endif %}
{{- messages[0].content | trim if has_system else '' }}
{{- '<|eot_id|>' }}
{%- for message in (messages[1:] if has_system else messages) %}
    {%- if message.tool_calls is defined %}
    {%- if message.tool_calls | length != 1 %}{{- raise_exception('This format has one tool call a turn.') }}{%- endif %}
    {%- set call = message.tool_calls[0].function %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "' + call.name + '", "parameters": ' + call.arguments | tojson + '}<|eot_id|>' }}
    {%- elif message.role == 'tool' or message.role == 'ipython' %}
    {{- '<|start_header_id|>ipython<|end_header_id|>\n\n' + message.content | tojson + '<|eot_id|>' }}
    {%- else %}
    {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' }}
    {%- if loop.first and asks_with_tools %}
    {{- 'Given the following functions, please respond with a JSON for a function call with its proper arguments that best answers the given prompt.\n\n' }}
    {{- list_of(tools) }}
    {%- endif %}
    {{- message.content | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}`;

const markers = {
  stop: ["<|eot_id|>"],
  tokens: ["<|start_header_id|>", "<|end_header_id|>"],
};

export const llamaForms = {
  /** Llama 3.1 and 3.3 Instruct. */
  "llama3.1": { kind: "jinja", source: llama31("'26 Jul 2024'").trim(), ...markers },
  /** Llama 3.2 Instruct: the date is that of the day. */
  "llama3.2": {
    kind: "jinja",
    source: llama31(
      "(strftime_now('%d %b %Y') if strftime_now is defined else '26 Jul 2024')",
    ).trim(),
    ...markers,
  },
} satisfies Record<string, JinjaForm>;
