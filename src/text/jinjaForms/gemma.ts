/** The format of Gemma 3: the system message is the beginning of the first question. */
import type { JinjaForm } from "../templateForm.js";

const source = String.raw`
{{- bos_token }}
{%- set has_system = messages[0].role == 'system' %}
{%- for message in (messages[1:] if has_system else messages) %}
    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}{{- raise_exception('This format has a system message and then user and assistant in turn.') }}{%- endif %}
    {{- '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\n' }}
    {{- messages[0].content + '\n\n' if loop.first and has_system else '' }}
    {{- message.content | trim + '<end_of_turn>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<start_of_turn>model\n' }}{%- endif %}`;

export const gemmaForms = {
  /** Gemma 3. */
  gemma3: {
    kind: "jinja",
    source: source.trim(),
    stop: ["<end_of_turn>"],
    tokens: ["<start_of_turn>"],
  },
} satisfies Record<string, JinjaForm>;
