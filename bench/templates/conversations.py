"""Makes up conversations: python conversations.py FILE COUNT SEED. One JSON object a line, the same for the same seed.

Each has messages, perhaps tools, add_generation_prompt, and variables for the template (chat_template_kwargs).
"""

import json
import pathlib
import random
import sys

WORDS = "the a of weather in Lund is 20.5 °C today and tomorrow maybe rain; call me at 555-0100 (not now) — see §4".split(" ")
PIECES = [
    "", " ", "\n", "  \n\n ", "\t", "\r\n", "\u2028", "\u00a0", "\u3000", "\ufeff", "\x1c", "\x85", "\x0b", "\x00", "\x7f", "\u200b",
    "你好，世界！", "今天天气怎么样？", "😀", "👩‍👩‍👧", "𝒜𝓫", "é", "e\u0301", "Straße", "İstanbul ı", "ΑΣ", "ﬁ", "ǆ", "العربية", "हिन्दी", "한국어", "\U0001f1f8\U0001f1ea",
    "<b>bold</b> & \"quoted\" 'single'", "{{ messages }}", "{% if x %}", "{# note #}", "{'a': 1}", "}}", "{", "\\n", "\\", "%s %d %%", "$1 $& ${x}", "`code`", "```python\nprint(1)\n```",
    "<think>", "</think>", "<think>\nplan\n</think>\n\nanswer", "<|im_end|>", "<|eot_id|>", "</s>", "[INST]", "[/INST]", "<tool_call>", "</tool_call>", "<end_of_turn>", "<|channel|>final", "/no_think", "/think",
    "None", "True", "null", "1e-07", "20.0", "a=b", "one\ntwo\n", " lead", "trail ", "\n\nboth\n\n", "ends with newline\n",
]
NUMBERS = [0, 1, -1, 3, 7, 20.0, 0.1, 1e-7, 1e16, 1e22, -0.0, 3.14159, 2.5, 12345678901234567890, -9007199254740993, 1.7976931348623157e308, 5e-324, 100, 1e15, 123456789.125]
KEYS = ["city", "z", "a", "10", "9", "items", "keys", "values", "get", "name", "type", "description", "properties", "required", "é", "with space", "x-y", "class", "__proto__", "constructor", "", "0", "length", "update", "pop", "B", "aa"]
NAMES = ["get_weather", "search", "f", "ns.tool-1", "名字", "calc"]
TYPES = ["string", "number", "integer", "boolean", "array", "object", "null", ["string", "null"], "any"]


def text(rng):
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(PIECES)
    if kind < 0.6:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 12)))
    return "".join(rng.choice([rng.choice(PIECES), " ".join(rng.choice(WORDS) for _ in range(3)), "\n"]) for _ in range(rng.randint(1, 6)))


def value(rng, depth=0):
    kind = rng.random()
    if depth < 3 and kind < 0.18:
        return {rng.choice(KEYS): value(rng, depth + 1) for _ in range(rng.randint(0, 4))}
    if depth < 3 and kind < 0.32:
        return [value(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    if kind < 0.55:
        return rng.choice(NUMBERS)
    if kind < 0.68:
        return rng.choice([True, False, None])
    return text(rng)


def schema(rng, depth=0):
    kind = rng.choice(TYPES)
    result = {"type": kind}
    if rng.random() < 0.6:
        result["description"] = text(rng)
    if kind == "object" and depth < 3:
        names = rng.sample(KEYS, rng.randint(0, 4))
        result["properties"] = {name: schema(rng, depth + 1) for name in names}
        if rng.random() < 0.5:
            result["required"] = names[: rng.randint(0, len(names))]
        if rng.random() < 0.3:
            result["additionalProperties"] = rng.choice([True, False, {"type": "string"}])
    if kind == "array" and rng.random() < 0.8:
        result["items"] = schema(rng, depth + 1)
    if rng.random() < 0.2:
        result["enum"] = [value(rng, 3) for _ in range(rng.randint(0, 3))]
    if rng.random() < 0.15:
        result["default"] = value(rng, 2)
    if rng.random() < 0.1:
        result["nullable"] = rng.choice([True, False])
    if rng.random() < 0.06:
        result[rng.choice(["anyOf", "oneOf"])] = [schema(rng, 3) for _ in range(2)]
    if rng.random() < 0.1:
        result["minimum"] = rng.choice(NUMBERS)
    items = list(result.items())
    if rng.random() < 0.3:
        rng.shuffle(items)
    return dict(items)


def tool(rng):
    function = {"name": rng.choice(NAMES), "description": text(rng), "parameters": {"type": "object", "properties": {}}}
    parameters = function["parameters"]
    names = rng.sample(KEYS, rng.randint(0, 4))
    parameters["properties"] = {name: schema(rng) for name in names}
    if rng.random() < 0.7:
        parameters["required"] = names[: rng.randint(0, len(names))]
    if rng.random() < 0.2:
        function["return"] = schema(rng)
    if rng.random() < 0.1:
        function["strict"] = True
    if rng.random() < 0.08:
        del function["description"]
    if rng.random() < 0.08:
        del function["parameters"]
    return function if rng.random() < 0.06 else {"type": "function", "function": function}


def call(rng):
    arguments = {rng.choice(KEYS): value(rng) for _ in range(rng.randint(0, 4))}
    if rng.random() < 0.2:
        arguments = json.dumps(arguments, ensure_ascii=rng.random() < 0.5)
    function = {"name": rng.choice(NAMES), "arguments": arguments}
    if rng.random() < 0.06:
        return function
    result = {"type": "function", "function": function}
    if rng.random() < 0.7:
        result = {"id": rng.choice(["call_1", "abcdefghi", "ABC123xyz", "1", "functions.f:0"]), **result}
    return result


def content(rng):
    kind = rng.random()
    if kind < 0.86:
        return text(rng)
    if kind < 0.95:
        return [{"type": "text", "text": text(rng)} for _ in range(rng.randint(0, 3))]
    if kind < 0.97:
        return [{"type": "image", "url": "x.png"}, {"type": "text", "text": text(rng)}]
    return None


def assistant(rng, tools):
    message = {"role": "assistant", "content": content(rng)}
    if rng.random() < 0.3:
        key = rng.choice(["reasoning_content", "reasoning_content", "thinking", "reasoning"])
        message[key] = rng.choice([text(rng), text(rng), "", None])
    elif rng.random() < 0.2 and isinstance(message["content"], str):
        message["content"] = "<think>" + rng.choice(["\n", ""]) + text(rng) + rng.choice(["\n", ""]) + "</think>" + rng.choice(["\n\n", ""]) + message["content"]
    if tools and rng.random() < 0.5:
        message["tool_calls"] = [call(rng) for _ in range(rng.choice([1, 1, 1, 2, 3, 0]))]
        if rng.random() < 0.4:
            message["content"] = rng.choice(["", None])
        if rng.random() < 0.1:
            del message["content"]
    if rng.random() < 0.03:
        message["name"] = "bot"
    return message


def conversation(rng):
    tools = [tool(rng) for _ in range(rng.randint(1, 3))] if rng.random() < 0.45 else None
    messages = []
    if rng.random() < 0.5:
        messages.append({"role": rng.choice(["system"] * 9 + ["developer"]), "content": content(rng)})
    for _ in range(rng.randint(1, 4)):
        messages.append({"role": "user", "content": content(rng)})
        if rng.random() < 0.05:
            messages[-1]["name"] = "Ada"
        if rng.random() < 0.12:
            continue
        said = assistant(rng, tools)
        messages.append(said)
        if said.get("tool_calls"):
            for one in said["tool_calls"]:
                result = {"role": rng.choice(["tool"] * 9 + ["ipython", "function"]), "content": rng.choice([text(rng), json.dumps(value(rng)), value(rng), content(rng)])}
                if rng.random() < 0.6:
                    result["tool_call_id"] = one.get("id", "call_1")
                if rng.random() < 0.5:
                    result["name"] = rng.choice(NAMES)
                messages.append(result)
            if rng.random() < 0.8:
                messages.append(assistant(rng, None))
    if rng.random() < 0.04:
        rng.shuffle(messages)
    result = {"messages": messages, "add_generation_prompt": rng.random() < 0.4}
    if tools is not None:
        result["tools"] = tools
    variables = {}
    for key, values in VARIABLES.items():
        if rng.random() < 0.08:
            variables[key] = rng.choice(values)
    if rng.random() < 0.03:
        variables["documents"] = [{"title": text(rng), "text": text(rng)} for _ in range(rng.randint(0, 2))]
    if variables:
        result["variables"] = variables
    return result


VARIABLES = {
    "enable_thinking": [True, False], "thinking": [True, False], "reasoning_effort": ["low", "high", "none"], "date_string": ["01 Jan 2025", ""],
    "tools_in_user_message": [True, False], "builtin_tools": [["brave_search"], []], "custom_tools": [None], "preserve_thinking": [True, False],
    "clear_thinking": [True, False], "model_identity": ["You are X."], "add_vision_id": [True], "keep_past_thinking": [True, False], "strict_tools": [True],
    "current_date": ["2025-01-01"], "force_reasoning": [True], "truncate_history_thinking": [True, False], "safety_mode": ["NONE", "STRICT"], "x": [1.5],
}


def main(path, count, seed):
    out = pathlib.Path(path)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w") as file:
        for number in range(count):
            file.write(json.dumps(conversation(random.Random(seed * 1_000_003 + number))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
