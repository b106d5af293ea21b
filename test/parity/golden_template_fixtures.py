"""Writes fixtures/text/golden-templates.json.gz: ids and labels of conversations in the publishers' formats, and
fixtures/text/marked-bytelevel, a tokenizer that has the markers of all of them as special tokens.

Where the formats come from, at the time of making: the official templates in TRL and llama-cpp-python, axolotl's corrected copy
of DeepSeek-V3's, mistral-common (the publisher's own code), and for Vicuna, DeepSeek-V2, GLM-4, InternLM2, Alpaca and MOSS the rules of their
publishers' training programs, put down here as functions (finetune_demo/finetune.py of GLM-4, train.py of Stanford Alpaca,
finetune_moss.py of MOSS). Labels: from where the prompt before a turn ends to the end of its end token, which for templates that
have a training variant in TRL is what its `{% generation %}` marks give without the line break behind the end token.

Run with the reference environment (transformers 5.23) and
    python bench/templates/fetch.py SOURCES
    python -m pip install --target MISTRAL mistral-common sentencepiece
    python test/parity/golden_template_fixtures.py SOURCES MISTRAL
"""

import json
import pathlib
import re
import sys

import transformers
from text_fixtures import CALL, CONVERSATIONS, CORPUS, TOOLS
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from packed_json import write_packed

HERE = pathlib.Path(__file__).parent / "fixtures" / "text"
MARKERS = """<s> </s> <|im_start|> <|im_end|> <think> </think> <tool_call> </tool_call> <|start_header_id|> <|end_header_id|>
<|eot_id|> [INST] [/INST] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS] [TOOL_CALLS] [TOOL_RESULTS] [/TOOL_RESULTS] [SYSTEM_PROMPT]
[/SYSTEM_PROMPT] [TOOL_CONTENT] [gMASK] <sop> <|system|> <|user|> <|assistant|> <|observation|> <｜end▁of▁sentence｜> <｜User｜>
<｜Assistant｜> <｜tool▁calls▁begin｜> <｜tool▁call▁begin｜> <｜tool▁sep｜> <｜tool▁call▁end｜> <｜tool▁calls▁end｜>
<｜tool▁outputs▁begin｜> <｜tool▁output▁begin｜> <｜tool▁output▁end｜> <｜tool▁outputs▁end｜> <start_of_turn> <end_of_turn>
<eoh> <eot> <eoc> <eor> <eom> <|end|> <|endoftext|> <eos>""".split()
# mistral-common writes an empty description where a tool has none, the templates of its models do not.
STOP = {"type": "function", "function": {"name": "stop", "description": "停止", "parameters": {"type": "object", "properties": {}}}}
DATE = "01 Feb 2025"
RESULT = {"role": "tool", "name": "get_weather", "tool_call_id": "abcdef123", "content": '{"temp": 21.5}'}
TALK = {
    **{key: CONVERSATIONS[key] for key in ["single", "prompt", "system", "turns", "spaces", "thinking"]},
    "tools": {**CONVERSATIONS["tools"], "tools": [TOOLS[0], STOP]},
    "empty-system": {"messages": [{"role": "system", "content": ""}, *CONVERSATIONS["single"]["messages"]]},
    "rounds": {
        "messages": [
            {"role": "user", "content": "北京天气？"},
            CALL,
            RESULT,
            {"role": "assistant", "content": "21.5"},
            {"role": "user", "content": "And then?"},
            CALL,
            RESULT,
            {"role": "assistant", "content": "Still 21.5."},
        ],
        "tools": [STOP],
    },
    "asked-after-result": {"messages": [{"role": "user", "content": "Now?"}, CALL, RESULT], "tools": [STOP]},
    "moss": {
        "messages": [
            {"role": "system", "content": "You are MOSS.\n- Calculator: enabled.\n"},
            {"role": "user", "content": "3*7?"},
            {"role": "assistant", "content": '<|Inner Thoughts|>: 要计算。<eot>\n<|Commands|>: Calculate("3*7")<eoc>'},
            {"role": "tool", "content": "<|Results|>:\nCalculate(\"3*7\") => 21\n<eor>"},
            {"role": "assistant", "content": "21"},
            {"role": "user", "content": "Why?"},
            {"role": "assistant", "content": "<|Inner Thoughts|>: I know.<eot>\nBecause."},
            {"role": "user", "content": "谢谢"},
            {"role": "assistant", "content": "不客气"},
        ]
    },
}
PLAIN = ["single", "prompt", "system", "empty-system", "turns", "spaces"]
TOOLED = [*PLAIN, "tools", "rounds", "asked-after-result"]


def marked_tokenizer():
    """Byte-level BPE with Qwen2's words, and every marker."""
    words = Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(words, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tool_words = ["parameters function properties description object string type name tool weather content call_id"] * 4
    trainer = trainers.BpeTrainer(vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(CORPUS + tool_words, trainer)
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in MARKERS])
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    fast.save_pretrained(HERE / "marked-bytelevel")
    return transformers.AutoTokenizer.from_pretrained(HERE / "marked-bytelevel")


def jinja(source: str, tokenizer, **variables):
    """Renders as apply_chat_template does."""

    def render(talk: dict, prompt: bool) -> str:
        return tokenizer.apply_chat_template(
            talk["messages"], tools=talk.get("tools"), chat_template=source, tokenize=False, add_generation_prompt=prompt, **variables
        )

    return render


def text_arguments(render):
    """For templates that take a call's arguments as JSON text."""

    def wrapped(talk: dict, prompt: bool) -> str:
        messages = []
        for message in talk["messages"]:
            if "tool_calls" in message:
                [call] = message["tool_calls"]
                function = {**call["function"], "arguments": json.dumps(call["function"]["arguments"], ensure_ascii=False)}
                message = {**message, "tool_calls": [{**call, "function": function}]}
            messages.append(message)
        return render({**talk, "messages": messages}, prompt)

    return wrapped


def mistral(folder: str, file: str):
    """mistral-common's text; SentencePiece's marks for spaces and bytes are put back."""
    sys.path.append(folder)
    from mistral_common.protocol.instruct.request import ChatCompletionRequest
    from mistral_common.protocol.instruct.validator import ValidationMode
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

    path = pathlib.Path(folder) / "mistral_common" / "data" / file
    tokenizer = MistralTokenizer.from_file(str(path), mode=ValidationMode.finetuning)
    asking = MistralTokenizer.from_file(str(path), mode=ValidationMode.test)

    def render(talk: dict, prompt: bool) -> str:
        messages = json.loads(json.dumps(talk["messages"]))
        for message in messages:
            for call in message.get("tool_calls", []):
                call["function"]["arguments"] = json.dumps(call["function"]["arguments"], ensure_ascii=False)
        request = ChatCompletionRequest(messages=messages, tools=talk.get("tools"))
        text = (asking if messages[-1]["role"] in ("user", "tool") else tokenizer).encode_chat_completion(request).text
        if not file.startswith("tekken"):
            text = re.sub(r"(?:<0x[0-9A-F]{2}>)+", lambda found: bytes.fromhex(re.sub("<0x|>", "", found[0])).decode(), text)
            text = text.replace("▁", " ")
        return text

    return render


def glm4(header: str):
    """The rule of GLM-4's finetune.py, with the tools' text of its tokenizer."""

    def render(talk: dict, prompt: bool) -> str:
        text = "[gMASK]<sop>"
        if talk.get("tools"):
            text += f"<|system|>\n{header}# 可用工具"
            for tool in talk["tools"]:
                definition = json.dumps(tool["function"], ensure_ascii=False, indent=4)
                text += f"\n\n## {tool['function']['name']}\n\n{definition}\n在调用上述函数时，请使用 Json 格式表示调用的参数。"
        for message in talk["messages"]:
            role = {"tool": "observation"}.get(message["role"], message["role"])
            if message.get("tool_calls"):
                [call] = message["tool_calls"]
                text += f"<|{role}|>{call['function']['name']}\n" + json.dumps(call["function"]["arguments"], ensure_ascii=False)
            elif message["content"]:
                text += f"<|{role}|>\n{message['content']}"
        if prompt:
            return text + "<|assistant|>"
        return text + ("</s>" if talk["messages"][-1]["role"] == "assistant" else "")

    return render


def internlm2(talk: dict, prompt: bool) -> str:
    text = "<s>" + "".join(f"<|im_start|>{one['role']}\n{one['content']}<|im_end|>\n" for one in talk["messages"])
    return text + ("<|im_start|>assistant\n" if prompt else "")


def alpaca(talk: dict, prompt: bool) -> str:
    """Stanford's prompt and answer, with its system text replaced by the conversation's; turns apart by an empty line."""
    messages = talk["messages"]
    system = "Below is an instruction that describes a task. Write a response that appropriately completes the request."
    if messages[0]["role"] == "system":
        system, messages = messages[0]["content"], messages[1:]
    text = f"<s>{system}\n\n"
    for index, message in enumerate(messages):
        if message["role"] == "user":
            text += ("\n\n" if index else "") + f"### Instruction:\n{message['content']}\n\n"
        else:
            text += f"### Response:{message['content']}</s>"
    return text + ("### Response:" if prompt else "")


def vicuna(talk: dict, prompt: bool) -> str:
    """FastChat's conversation of Vicuna 1.1, two separators in turn."""
    messages = talk["messages"]
    system = "A chat between a curious user and an artificial intelligence assistant. "
    system += "The assistant gives helpful, detailed, and polite answers to the user's questions."
    if messages[0]["role"] == "system":
        system, messages = messages[0]["content"], messages[1:]
    ends = {"user": "USER: {} ", "assistant": "ASSISTANT: {}</s>"}
    return f"<s>{system} " + "".join(ends[one["role"]].format(one["content"]) for one in messages) + ("ASSISTANT:" if prompt else "")


def deepseek2(talk: dict, prompt: bool) -> str:
    ends = {"system": "{}\n\n", "user": "User: {}\n\n", "assistant": "Assistant: {}</s>"}
    text = "<s>" + "".join(ends[one["role"]].format(one["content"]) for one in talk["messages"])
    return text + ("Assistant:" if prompt else "")


def moss(talk: dict, prompt: bool) -> str:
    """The five parts of each turn as they are in MOSS's files, one behind the other."""
    text, parts = "", None
    for message in [*talk["messages"], {"role": "user", "content": None}]:
        content = message["content"]
        if message["role"] == "system":
            text += content if content.endswith("\n") else content + "\n"
        elif message["role"] == "user":
            if parts is not None:
                filled = [parts["human"], parts.get("thoughts", "<|Inner Thoughts|>: None<eot>\n")]
                filled += [parts.get("commands", "<|Commands|>: None<eoc>\n"), parts.get("results", "<|Results|>: None<eor>\n")]
                unfinished = "commands" in parts and "results" not in parts
                answered = "answer" in parts or prompt
                if not answered:
                    filled = filled[: 3 if unfinished else 4 if "results" in parts else 1]
                text += "".join(filled) + (f"<|MOSS|>: {parts['answer']}<eom>\n" if "answer" in parts else "<|MOSS|>:" if prompt else "")
            parts = {"human": f"<|Human|>: {content}<eoh>\n"}
        elif message["role"] == "tool":
            parts["results"] = content + "\n"
        else:
            thought = re.match(r"<\|Inner Thoughts\|>: .*<eot>\n", content)
            if thought:
                parts["thoughts"], content = thought[0], content[thought.end() :]
            parts["commands" if content.startswith("<|Commands|>") else "answer"] = content
            if "commands" in parts and not parts["commands"].endswith("\n"):
                parts["commands"] += "\n"
    return text


def spans_by_prompt(render, talk: dict, text: str, stop: re.Pattern) -> list[tuple[int, int]]:
    """Each turn of the assistant, from the end of the prompt before it to the end of its end token."""
    spans = []
    for index, message in enumerate(talk["messages"]):
        if message["role"] != "assistant":
            continue
        start = len(common(render({**talk, "messages": talk["messages"][:index]}, True), text))
        spans.append((start, stop.search(text, start).end()))
    return spans


def common(one: str, other: str) -> str:
    """The prompt, which has to begin the text; Qwen3's and R1's may go on with an opened thought."""
    for end in (one, re.sub(r"<think>\n$", "", one)):
        if other.startswith(end):
            return end
    raise ValueError(f"{one!r} does not begin {other!r}")


def spans_of(pattern: str):
    """Groups of a pattern that finds the turns in the whole text."""
    return lambda render, talk, text, stop: [found.span(found.lastindex) for found in re.finditer(pattern, text, re.DOTALL)]


def check_marks(tokenizer, source: str, talk: dict, case: dict) -> None:
    """TRL's marks for training have the same labels, and the line break behind the end token."""
    marked = tokenizer.apply_chat_template(
        talk["messages"], tools=talk.get("tools"), chat_template=source, return_dict=True, return_assistant_tokens_mask=True
    )
    line = tokenizer.encode("\n", add_special_tokens=False)[0]
    learnt = {at for start, end in case["learnt"] for at in range(start, end)}
    learnt |= {end for _, end in case["learnt"] if end < len(case["ids"]) and case["ids"][end] == line}
    if marked["input_ids"] != case["ids"] or {at for at, one in enumerate(marked["assistant_masks"]) if one} != learnt:
        raise SystemExit(f"{case['template']}, {case['conversation']}: TRL marks other tokens")


def main(sources: str, mistral_folder: str) -> None:
    tokenizer = marked_tokenizer()
    folder = pathlib.Path(sources)
    read = lambda name: jinja((folder / f"{name}.jinja").read_text(encoding="utf-8"), tokenizer)  # noqa: E731
    dated = lambda name: jinja((folder / f"{name}.jinja").read_text(encoding="utf-8"), tokenizer, date_string=DATE)  # noqa: E731
    mistral_turns = spans_of(r"(?:\[/INST\]|\[/TOOL_RESULTS\])((?:(?!\[INST\]|\[AVAILABLE_TOOLS\]).)+?</s>)")
    # The package has no Tekken vocabulary of version 7; in that of SentencePiece a space stands behind each token.
    version7 = mistral(mistral_folder, "mistral_instruct_tokenizer_241114.model.v7")
    glm_header = "你是一个名为 ChatGLM 的人工智能助手。你是基于智谱AI训练的语言模型 GLM-4 模型开发的，你的任务是针对用户的问题和要求提供适当的答复和支持。\n\n"
    glm_turns = spans_of(r"<\|assistant\|>(.+?(?:<\|user\|>|<\|observation\|>|</s>))")
    moss_turns = spans_of(
        r"<eoh>\n(?!<\|Inner Thoughts\|>: None)(.*?(?:<eoc>(?=\n<\|Results\|>:\n)|<eom>))|<\|MOSS\|>:( .*?<eom>)"
    )
    im_end = re.compile(re.escape("<|im_end|>"))
    kept = lambda name: jinja((HERE / "templates" / f"{name}.jinja").read_text(encoding="utf-8"), tokenizer)  # noqa: E731
    end = re.compile("</s>")
    formats = {
        "chatml": (read("axolotl--chatml"), im_end, PLAIN, spans_by_prompt),
        "qwen": (read("axolotl--qwen2_vl"), im_end, PLAIN, spans_by_prompt),
        "llama2": (kept("llama2"), end, PLAIN, spans_by_prompt),
        "llama3": (read("trl--llama3"), re.compile(re.escape("<|eot_id|>")), PLAIN, spans_by_prompt),
        "mistral": (read("axolotl--mistral_v1"), end, PLAIN, spans_by_prompt),
        "zephyr": (kept("zephyr"), end, PLAIN, spans_by_prompt),
        "vicuna": (vicuna, end, PLAIN, spans_by_prompt),
        "deepseek": (deepseek2, end, PLAIN, spans_by_prompt),
        "gemma": (read("trl--gemma"), re.compile(re.escape("<end_of_turn>")), ["single", "prompt", "turns"], spans_by_prompt),
        "phi3": (read("trl--phi3"), re.compile(re.escape("<|end|>")), PLAIN, spans_by_prompt),
        "qwen2.5": (read("trl--qwen2_5"), im_end, TOOLED, spans_by_prompt),
        "qwen3": (read("trl--qwen3"), im_end, [*TOOLED, "thinking"], spans_of(r"<\|im_start\|>assistant\n(.*?<\|im_end\|>)")),
        "qwen3-instruct": (read("trl--qwen3_instruct_2507"), im_end, TOOLED, spans_by_prompt),
        "llama3.1": (dated("trl--llama3_1"), re.compile(re.escape("<|eot_id|>")), TOOLED, spans_by_prompt),
        "llama3.2": (dated("trl--llama3_2"), re.compile(re.escape("<|eot_id|>")), TOOLED, spans_by_prompt),
        "mistral-v3": (mistral(mistral_folder, "mistral_instruct_tokenizer_240323.model.v3"), None, TOOLED, mistral_turns),
        "mistral-v3-tekken": (mistral(mistral_folder, "tekken_240718.json"), None, TOOLED, mistral_turns),
        "mistral-v7-tekken": (lambda talk, prompt: re.sub(r"(\[[A-Z_/]+\]) ", r"\1", version7(talk, prompt)), None, TOOLED, mistral_turns),
        "glm4": (glm4(glm_header), None, TOOLED, glm_turns),
        "glm4-0414": (glm4(""), None, TOOLED, glm_turns),
        "deepseek-v3": (text_arguments(read("axolotl--deepseek_v3")), re.compile("<｜end▁of▁sentence｜>"), TOOLED, spans_by_prompt),
        "deepseek-r1": (
            text_arguments(read("trl--deepseekv3")),
            re.compile("<｜end▁of▁sentence｜>"),
            [*PLAIN, "tools", "asked-after-result", "thinking"],
            spans_by_prompt,
        ),
        "gemma3": (read("trl--gemma3"), re.compile(re.escape("<end_of_turn>")), PLAIN, spans_by_prompt),
        "internlm2": (internlm2, im_end, PLAIN, spans_by_prompt),
        "alpaca": (alpaca, re.compile("</s>"), PLAIN, spans_by_prompt),
        "moss": (moss, None, [*PLAIN, "moss"], moss_turns),
    }
    trained = {"qwen3-instruct": "qwen3_instruct_2507", "gemma3": "gemma3", "gemma": "gemma"}
    trained = {name: (folder / f"trl--{one}_training.jinja").read_text(encoding="utf-8") for name, one in trained.items()}
    cases = []
    for name, (render, stop, keys, spans) in formats.items():
        for key in keys:
            talk = TALK[key]
            asks = talk["messages"][-1]["role"] != "assistant"
            text = render(talk, asks)
            encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
            ids = encoded["input_ids"]
            case = {"template": name, "conversation": key, "ids": ids}
            if not asks:
                learnt = spans(render, talk, text, stop)
                starts = [start for start, _ in encoded["offset_mapping"]]
                case["learnt"] = [
                    [next(i for i, s in enumerate(starts) if s >= a), next((i for i, s in enumerate(starts) if s >= b), len(ids))]
                    for a, b in learnt
                ]
                if name in trained:
                    check_marks(tokenizer, trained[name], talk, case)
            cases.append(case)
    out = {"date": DATE, "conversations": TALK, "cases": cases}
    text = json.dumps(out, ensure_ascii=False, separators=(",", ":")).replace('{"template"', '\n{"template"')
    write_packed(HERE / "golden-templates.json.gz", text + "\n")
    print(len(cases), "cases,", len(text), "characters")


if __name__ == "__main__":
    main(*sys.argv[1:])
