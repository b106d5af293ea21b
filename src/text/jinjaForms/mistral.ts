/** Formats of Mistral's models from its tokenizer "v3" on, as mistral-common writes them. */
import type { JinjaForm } from "../templateForm.js";

const checkId = (id: string) =>
  `{%- if ${id} is not defined or ${id} | length != 9 %}{{- raise_exception('This format needs ids of 9 letters and digits for tool calls and their results.') }}{%- endif %}`;

/** Calls of a turn, as one list. */
const calls = (space: string) => `
    {{- '[TOOL_CALLS]${space}[' }}
    {%- for call in message.tool_calls %}
    ${checkId("call.id")}
    {{- '' if loop.first else ', ' }}
    {{- '{"name": "' + call.function.name + '", "arguments": ' }}
    {{- call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}
    {{- ', "id": "' + call.id + '"}' }}
    {%- endfor %}
    {{- ']' + eos_token }}`;

/** Tools are told of before the last question. */
const lastQuestion = `
{{- bos_token }}
{%- set last = namespace(question=-1) %}
{%- for message in messages %}
    {%- if message.role == 'user' %}{%- set last.question = loop.index0 %}{%- endif %}
{%- endfor %}`;

const tools = (space: string) => `
    {{- '[AVAILABLE_TOOLS]${space}' + tools | tojson + '[/AVAILABLE_TOOLS]' if tools and loop.index0 == last.question else '' }}`;

/**
 * The system message is the beginning of the last question.
 * @param space what text behind a token begins with
 */
const version3 = (space: string) => String.raw`${lastQuestion}
{%- set system = messages[0].content + '\n\n' if messages[0].role == 'system' and messages[0].content else '' %}
{%- if system and last.question < 0 %}{{- raise_exception('This format puts the system message into the last question, and there is none.') }}{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' %}${tools(space)}
    {{- '[INST]${space}' + (system if loop.index0 == last.question else '') + message.content + '[/INST]' }}
    {%- elif message.role == 'tool' %}
    ${checkId("message.tool_call_id")}
    {{- '[TOOL_RESULTS]${space}{"content": ' + message.content + ', "call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- elif message.tool_calls %}
    {%- if message.content %}{{- raise_exception('This format has either words or calls in a turn.') }}{%- endif %}
    {%- generation %}${calls(space)}{%- endgeneration %}
    {%- elif message.role == 'assistant' %}
    {%- generation %}{{- '${space}' + message.content.rstrip(' ') + eos_token }}{%- endgeneration %}
    {%- elif not loop.first %}{{- raise_exception('This format has one system message, the first.') }}
    {%- endif %}
{%- endfor %}`;

const version7 = `${lastQuestion}
{%- for message in messages %}
    {%- if message.role == 'system' %}
    {{- '[SYSTEM_PROMPT]' + message.content + '[/SYSTEM_PROMPT]' }}
    {%- elif message.role == 'user' %}${tools("")}
    {{- '[INST]' + message.content + '[/INST]' }}
    {%- elif message.role == 'tool' %}
    ${checkId("message.tool_call_id")}
    {{- '[TOOL_RESULTS]' + message.tool_call_id + '[TOOL_CONTENT]' + message.content + '[/TOOL_RESULTS]' }}
    {%- elif message.tool_calls %}
    {%- generation %}{{- message.content or '' }}${calls("")}{%- endgeneration %}
    {%- else %}
    {%- generation %}{{- message.content.rstrip(' ') + eos_token }}{%- endgeneration %}
    {%- endif %}
{%- endfor %}`;

const markers = { stop: ["{eos}"], tokens: ["[INST]", "[/INST]"] };

export const mistralForms = {
  /** Mistral-7B-Instruct-v0.3, Mixtral-8x22B-Instruct: SentencePiece. */
  "mistral-v3": {
    kind: "jinja",
    source: version3(" ").trim(),
    ...markers,
  },
  /** Mistral-Nemo-Instruct, Ministral-8B-Instruct. */
  "mistral-v3-tekken": {
    kind: "jinja",
    source: version3("").trim(),
    ...markers,
  },
  /** Mistral-Small-24B-Instruct-2501: the system message stands by itself. */
  "mistral-v7-tekken": {
    kind: "jinja",
    source: version7.trim(),
    stop: markers.stop,
    tokens: [...markers.tokens, "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"],
  },
} satisfies Record<string, JinjaForm>;
