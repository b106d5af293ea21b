"""Writes fixtures/text/template-files.json: which chat templates transformers takes from a tokenizer's files.

Run with the reference environment (transformers 5.23):
    python test/parity/template_file_fixtures.py
"""

import json
import pathlib
import shutil
import tempfile

import transformers

HERE = pathlib.Path(__file__).parent / "fixtures" / "text"
MESSAGES = [{"role": "user", "content": "q"}]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]

JINJA = "chat_template.jinja"
FOLDER = "additional_chat_templates/"
LIST = [{"name": "default", "template": "list"}, {"name": "tool_use", "template": "list-tools"}]
CASES = {
    "none": ({}, {}),
    "configuration": ({}, {"chat_template": "configuration"}),
    "a list": ({}, {"chat_template": LIST}),
    "an object": ({}, {"chat_template": {"default": "object", "rag": "object-rag"}}),
    "a list without a default": ({}, {"chat_template": [{"name": "a", "template": "A"}, {"name": "b", "template": "B"}]}),
    "a file beside a list": ({JINJA: "file"}, {"chat_template": LIST}),
    "a file alone": ({JINJA: "file"}, {}),
    "a file and further ones": ({JINJA: "file", f"{FOLDER}tool_use.jinja": "tools", f"{FOLDER}rag.jinja": "rag"}, {"chat_template": "configuration"}),
    "further files beside a configuration": ({f"{FOLDER}rag.jinja": "rag"}, {"chat_template": "configuration"}),
    "a further file called default": ({JINJA: "file", f"{FOLDER}default.jinja": "folder"}, {}),
    "the processors' file beside a configuration": ({"chat_template.json": '{"chat_template": "processor"}'}, {"chat_template": "configuration"}),
    "line breaks of Windows": ({JINJA: "a\r\nb\rc\n\n"}, {}),
    "an empty file": ({JINJA: ""}, {"chat_template": "configuration"}),
}


def main() -> None:
    result = []
    for name, (files, config) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            shutil.copytree(HERE / "tiny-sentencepiece", folder, dirs_exist_ok=True)
            path = folder / "tokenizer_config.json"
            path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **config}), encoding="utf-8")
            for file, text in files.items():
                (folder / file).parent.mkdir(exist_ok=True)
                (folder / file).write_bytes(text.encode())
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        templates = tokenizer.chat_template
        templates = {} if templates is None else {"default": templates} if isinstance(templates, str) else templates
        case = {"name": name, "files": files, "config": config, "templates": templates, "rendered": {}}
        for key, options in [("plain", {}), ("tools", {"tools": TOOLS}), *[(t, {"chat_template": t, "tools": TOOLS}) for t in templates]]:
            if key in templates and len(templates) == 1:
                continue  # transformers takes the name of the only template for a template
            try:
                case["rendered"][key] = tokenizer.apply_chat_template(MESSAGES, tokenize=False, **options)
            except ValueError:
                case["rendered"][key] = None
        result.append(case)
    text = json.dumps({"cases": result}, ensure_ascii=False).replace('{"name": "', '\n{"name": "')
    (HERE / "template-files.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
