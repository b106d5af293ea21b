"""Writes fixtures/text/named-templates.json.gz: conversations in the formats that publishers of models trained with.

The formats are taken, at the time of making, from where others keep them: TRL's copies of the official chat templates
(llama3, gemma, phi3), axolotl's (mistral, qwen, chatml), fixtures/text/templates (llama2, zephyr), and FastChat's
conversations, which for Vicuna are the publisher's own code and for Yi and DeepSeek name their official source. Run with the reference environment (transformers 5.23, TRL 1.16), and the network or two unpacked packages:
    python test/parity/named_template_fixtures.py [--fschat DIR] [--axolotl DIR]
"""

import argparse
import importlib.util
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import transformers
import trl
from text_fixtures import CONVERSATIONS

from packed_json import write_packed

HERE = pathlib.Path(__file__).parent / "fixtures" / "text"
# Written with Firefly's and ours: alternating, with and without a system message, white space at the edges.
KEYS = ["single", "system", "turns", "spaces"]


def package(name: str, given: pathlib.Path | None) -> pathlib.Path:
    """The folder of an unpacked package of PyPI."""
    if given is not None:
        return given
    folder = pathlib.Path(tempfile.mkdtemp())
    kind = ["--only-binary", ":all:"] if name == "fschat" else ["--no-binary", ":all:"]
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", *kind, "-d", folder, name], check=True)
    [file] = folder.iterdir()
    with zipfile.ZipFile(file) if file.suffix == ".whl" else tarfile.open(file) as archive:
        archive.extractall(folder)
    return folder


def load(path: pathlib.Path):
    """A module of one file: the rest of its package needs a GPU's libraries."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fastchat(conversations, name: str, messages: list[dict], tokenizer) -> str:
    """A conversation as FastChat writes it; an open last turn where the last message is a question."""
    talk = conversations.get_conv_template(name)
    if messages[0]["role"] == "system":
        talk.set_system_message(messages[0]["content"])
        messages = messages[1:]
    for index, message in enumerate(messages):
        talk.append_message(talk.roles[index % 2], message["content"])
    if len(messages) % 2:
        talk.append_message(talk.roles[1], None)
    text = talk.get_prompt()
    for token, own in [
        ("<｜begin▁of▁sentence｜>", tokenizer.bos_token),
        ("<｜end▁of▁sentence｜>", tokenizer.eos_token),
    ]:
        text = text.replace(token, own)
    return text


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fschat", type=pathlib.Path)
    parser.add_argument("--axolotl", type=pathlib.Path)
    options = parser.parse_args()
    conversations = load(next(package("fschat", options.fschat).rglob("fastchat/conversation.py")))
    axolotl = next(package("axolotl", options.axolotl).rglob("chat_templates/templates"))
    official = pathlib.Path(trl.__file__).parent / "chat_templates"
    jinja = {
        "chatml": axolotl / "chatml.jinja",
        "mistral": axolotl / "mistral_v1.jinja",
        "mixtral": axolotl / "mistral_v1.jinja",
        "qwen": axolotl / "qwen2_vl.jinja",
        "llama3": official / "llama3.jinja",
        "gemma": official / "gemma.jinja",
        "phi3": official / "phi3.jinja",
        "llama2": HERE / "templates" / "llama2.jinja",
        "zephyr": HERE / "templates" / "zephyr.jinja",
    }
    named = {"yi": "Yi-34b-chat", "vicuna": "vicuna_v1.1", "deepseek": "deepseek-chat"}
    pieces = transformers.AutoTokenizer.from_pretrained(HERE / "tiny-sentencepiece")
    bytes_ = transformers.AutoTokenizer.from_pretrained(HERE / "tiny-bytelevel")
    cases = []
    for name in [*jinja, *named]:
        tokenizer = bytes_ if name in ("llama3", "gemma", "phi3") else pieces
        source = jinja[name].read_text(encoding="utf-8") if name in jinja else None
        for key in KEYS:
            messages = CONVERSATIONS[key]["messages"]
            has_system = messages[0]["role"] == "system"
            # FastChat has no place for a system message there.
            if has_system and name in ("yi", "deepseek"):
                continue
            case = {"template": name, "tokenizer": pathlib.Path(tokenizer.name_or_path).name, "conversation": key}
            for field, part, prompt in [("text", messages, False), ("prompt", messages[:-1], True)]:
                try:
                    if source is None:
                        text = fastchat(conversations, named[name], part, tokenizer)
                    else:
                        text = tokenizer.apply_chat_template(part, chat_template=source, tokenize=False, add_generation_prompt=prompt)
                except Exception as error:
                    case["error"] = str(error)
                    break
                case[field] = text
                # FastChat trains Vicuna on what its tokenizer makes of the text, start token included.
                bos = [tokenizer.bos_token_id] if name == "vicuna" else []
                case[f"{field}_ids"] = bos + tokenizer.encode(text, add_special_tokens=False)
            cases.append(case)
    text = json.dumps({"cases": cases}, ensure_ascii=False).replace('{"template"', '\n{"template"')
    write_packed(HERE / "named-templates.json.gz", text + "\n")


if __name__ == "__main__":
    main()
