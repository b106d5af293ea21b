"""What transformers makes of the conversations.

    python reference.py FOLDER                   all of them, for compare.ts
    python reference.py FOLDER NAME NUMBER       one rendering in full
    python reference.py fixture FOLDER FILE      digests for test/parity/text-real-templates.test.ts

Reads FOLDER/sources/*.jinja and FOLDER/conversations.jsonl; writes FOLDER/reference/NAME.txt with a line for each conversation: a
digest of the text (and of the spans of `{% generation %}`), or `!` and the name of the exception.
"""

import datetime
import hashlib
import json
import pathlib
import sys

from transformers.utils import chat_template_utils

TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


class Clock(datetime.datetime):
    """The same day for everybody who asks."""

    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 4, 12, 0, 0)


def digest(text, spans):
    whole = text.encode("utf-16-le", "surrogatepass")
    return hashlib.sha1(whole + "".join(f"|{start}-{end}" for start, end in spans).encode("utf-16-le")).hexdigest()[:16]


def render(source, one):
    has_marks = "generation %}" in source
    texts, spans = chat_template_utils.render_jinja_template(
        conversations=[one["messages"]],
        tools=one.get("tools"),
        chat_template=source,
        add_generation_prompt=one["add_generation_prompt"],
        return_assistant_tokens_mask=has_marks,
        **TOKENS,
        **one.get("variables", {}),
    )
    return texts[0], spans[0] if has_marks else []


def main(folder):
    chat_template_utils.datetime = Clock
    root = pathlib.Path(folder)
    out = root / "reference"
    out.mkdir(exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    conversations = [json.loads(line) for line in lines_of(root)]
    for path in sources_of(root):
        lines = outcomes(path.read_bytes().decode(), conversations)
        (out / f"{path.stem}.txt").write_text("\n".join(lines) + "\n")


def lines_of(root):
    return (root / "conversations.jsonl").read_text().splitlines()


def sources_of(root):
    return sorted((root / "sources").glob("*.jinja"))


def outcomes(source, conversations):
    lines = []
    for one in conversations:
        try:
            lines.append(digest(*render(source, one)))
        except Exception as error:
            lines.append("!" + type(error).__name__)
    return lines


def fixture(folder, out):
    """The first conversations, and for each template digests of its source and of all it renders: what the test of the repository compares."""
    chat_template_utils.datetime = Clock
    root = pathlib.Path(folder)
    lines = lines_of(root)[:40]
    conversations = [json.loads(line) for line in lines]
    templates = {}
    for path in sources_of(root):
        found = [line if line[0] != "!" else "!" for line in outcomes(path.read_bytes().decode(), conversations)]
        templates[path.stem] = [short(path.read_bytes()), short("\n".join(found).encode())]
    pathlib.Path(out).write_text(json.dumps({"conversations": lines, "templates": templates}, separators=(",", ":")) + "\n")


def short(data):
    return hashlib.sha1(data).hexdigest()[:16]


def show(folder, name, number):
    """One rendering in full, for whoever looks for a difference."""
    chat_template_utils.datetime = Clock
    root = pathlib.Path(folder)
    line = (root / "conversations.jsonl").read_text().splitlines()[number]
    source = (root / "sources" / f"{name}.jinja").read_bytes().decode()
    try:
        text, spans = render(source, json.loads(line))
        json.dump({"text": text, "spans": spans}, sys.stdout)
    except Exception as error:
        json.dump({"error": f"{type(error).__name__}: {error}"}, sys.stdout)


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "fixture":
        fixture(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 4:
        show(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main(sys.argv[1])
