/** Formats of Qwen 2.5 and 3: ChatML with tools, and in Qwen 3 with reasoning. */
import type { JinjaForm } from "../templateForm.js";

/** How tools are told of, behind the system message. */
const signatures = String.raw`
    {{- '# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>' }}
    {%- for tool in tools %}{{- '\n' + tool | tojson }}{%- endfor %}
    {{- '\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>' }}`;

/** Results that follow each other are one turn of the user. */
const result = String.raw`
    {{- '' if loop.previtem is defined and loop.previtem.role == 'tool' else '<|im_start|>user' }}
    {{- '\n<tool_response>\n' + message.content + '\n</tool_response>' }}
    {{- '' if loop.nextitem is defined and loop.nextitem.role == 'tool' else '<|im_end|>\n' }}`;

const prompt = String.raw`
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}`;

const qwen25 = String.raw`
{%- set has_system = messages[0].role == 'system' %}
{{- '<|im_start|>system\n' }}
{{- messages[0].content if has_system else 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }}
{%- if tools %}
    {{- '\n\n' }}${signatures}
{%- endif %}
{{- '<|im_end|>\n' }}
{%- for message in messages %}
    {%- if message.role == 'tool' %}${result}
    {%- elif message.role != 'system' or not loop.first %}
    {{- '<|im_start|>' + message.role }}
    {%- if message.content or not message.tool_calls %}{{- '\n' + message.content }}{%- endif %}
    {%- for call in message.tool_calls or [] %}
    {{- '\n<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' + call.function.arguments | tojson + '}\n</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}${prompt}{%- endif %}`;

/**
 * @param before what is worked out first
 * @param turn the words of an assistant's turn, which stand in `content`
 * @param opening what else the generation prompt opens
 */
const qwen3 = (before: string, turn: string, opening: string) => String.raw`
{%- set has_system = messages[0].role == 'system' %}
{%- if tools or has_system %}
    {{- '<|im_start|>system\n' }}
    {%- if has_system %}{{- messages[0].content + ('\n\n' if tools else '') }}{%- endif %}
    {%- if tools %}${signatures}
    {%- endif %}
    {{- '<|im_end|>\n' }}
{%- endif %}${before}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == 'tool' %}${result}
    {%- elif message.role == 'assistant' %}
    {{- '<|im_start|>assistant\n' }}${turn}
    {%- for call in message.tool_calls or [] %}
    {{- '\n' if content or not loop.first }}
    {{- '<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
    {{- call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}
    {{- '}\n</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>\n' }}
    {%- elif message.role != 'system' or not loop.first %}
    {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}${prompt}${opening}{%- endif %}`;

/** Reasoning is written in turns behind the last question only. */
const lastQuestion = `
{%- set seen = namespace(question=messages | length - 1) %}
{%- for message in messages %}
    {%- if message.role == 'user' and message.content is string and not (message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
    {%- set seen.question = loop.index0 %}
    {%- endif %}
{%- endfor %}`;

const thoughtful = String.raw`
    {%- set thought = '' %}
    {%- if message.reasoning_content is string %}
    {%- set thought = message.reasoning_content %}
    {%- elif '</think>' in content %}
    {%- set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
    {%- set content = content.split('</think>')[-1].lstrip('\n') %}
    {%- endif %}
    {%- if loop.index0 > seen.question and (loop.last or thought) %}
    {{- '<think>\n' + thought.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
    {%- else %}{{- content }}{%- endif %}`;

const withoutThought = String.raw`
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}`;

const markers = { stop: ["<|im_end|>"], tokens: ["<|im_start|>"] };

export const qwenForms = {
  /** Qwen2.5-Instruct. */
  "qwen2.5": { kind: "jinja", source: qwen25.trim(), ...markers },
  /** Qwen3, with and without thinking (`enable_thinking`). */
  qwen3: {
    kind: "jinja",
    source: qwen3(lastQuestion, thoughtful, withoutThought).trim(),
    ...markers,
  },
  /** Qwen3-Instruct-2507, which does not think. */
  "qwen3-instruct": {
    kind: "jinja",
    source: qwen3("", `{{- content }}`, "").trim(),
    ...markers,
  },
} satisfies Record<string, JinjaForm>;
