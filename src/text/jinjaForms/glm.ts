/**
 * Formats of GLM-4: a turn of the assistant ends with the token that opens what follows, and the last
 * one with the end token, as its publisher's code trains them.
 */
import type { JinjaForm } from "../templateForm.js";

/** @param header what stands before the tools */
const glm4 = (header: string) => String.raw`[gMASK]<sop>
{%- if tools %}
    {{- '<|system|>\n${header}# 可用工具' }}
    {%- for tool in tools %}
    {{- '\n\n## ' + tool.function.name + '\n\n' + tool.function | tojson(indent=4) + '\n在调用上述函数时，请使用 Json 格式表示调用的参数。' }}
    {%- endfor %}
{%- endif %}
{%- for message in messages if message.content or message.role != 'system' %}
    {%- set opened = loop.previtem is defined and loop.previtem.role == 'assistant' %}
    {%- set role = 'observation' if message.role == 'tool' else message.role %}
    {{- '' if opened else '<|' + role + '|>' }}
    {%- if message.role == 'assistant' %}
    {%- generation %}
    {%- if message.tool_calls and message.content %}{{- raise_exception('This format has either words or calls in a turn.') }}{%- endif %}
    {%- for call in message.tool_calls or [] %}
    {{- '' if loop.first else '<|assistant|>' }}
    {{- call.function.name + '\n' }}
    {{- call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}
    {%- endfor %}
    {{- '' if message.tool_calls else '\n' + message.content }}
    {%- if loop.nextitem is defined %}
    {{- '<|observation|>' if loop.nextitem.role == 'tool' else '<|' + loop.nextitem.role + '|>' }}
    {%- elif not add_generation_prompt %}{{- eos_token }}
    {%- endif %}
    {%- endgeneration %}
    {%- else %}
    {{- '\n' + message.content }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|assistant|>' }}{%- endif %}`;

const markers = {
  stop: ["{eos}", "<|user|>", "<|observation|>"],
  tokens: ["[gMASK]", "<sop>", "<|system|>", "<|assistant|>"],
};

export const glmForms = {
  /** glm-4-9b-chat. */
  glm4: {
    kind: "jinja",
    source: glm4(
      String.raw`你是一个名为 ChatGLM 的人工智能助手。你是基于智谱AI训练的语言模型 GLM-4 模型开发的，你的任务是针对用户的问题和要求提供适当的答复和支持。\n\n`,
    ),
    ...markers,
  },
  /** GLM-4-9B-0414, GLM-4-32B-0414. */
  "glm4-0414": { kind: "jinja", source: glm4(""), ...markers },
} satisfies Record<string, JinjaForm>;
