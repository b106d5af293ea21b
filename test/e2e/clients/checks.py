"""Runs all functions of a module whose names begin with check_, and prints what they came to as JSON."""

import inspect
import json
import os
import traceback

base_url = os.environ["BASE_URL"]
key = os.environ["KEY"]
model = "smollm2-135m"
question = [{"role": "user", "content": "What is the capital of France?"}]

weather = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 20}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}

person = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 20},
        "age": {"type": "integer"},
        "hobbies": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 3},
    },
    "required": ["name", "age", "hobbies"],
    "additionalProperties": False,
}


def run(module):
    results = {}
    for name, check in vars(module).items():
        if not name.startswith("check_") or not inspect.isfunction(check):
            continue
        try:
            check()
            results[name] = None
        except BaseException:
            results[name] = traceback.format_exc()
    print(json.dumps(results))
