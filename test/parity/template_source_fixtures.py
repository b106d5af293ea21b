"""Writes fixtures/text/template-sources.json: what transformers makes of the Jinja that is saved for named templates.

For each template a digest of its source, and for each conversation of golden-templates.json.gz, by tokenizer, the first digits of the
SHA-1 of its text and of its ids (as decimal numbers with commas between), or `!` where the template refuses it. Run with the
reference environment (transformers 5.23), after golden_template_fixtures.py and whenever a form changes:
    python test/parity/template_source_fixtures.py
"""

import hashlib
import json
import pathlib
import subprocess

import transformers
from golden_template_fixtures import DATE, HERE

from packed_json import read_packed, write_packed

ROOT = pathlib.Path(__file__).parent.parent.parent


def short(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()[:12]


def main() -> None:
    printed = subprocess.run(["npx", "tsx", "test/parity/templateSources.ts"], cwd=ROOT, check=True, capture_output=True, text=True)
    sources = json.loads(printed.stdout)
    conversations = json.loads(read_packed(HERE / "golden-templates.json.gz"))["conversations"]
    templates = {}
    for name, written in sources.items():
        if "source" not in written:
            continue
        results = {}
        for folder in ["marked-bytelevel", "tiny-sentencepiece"]:
            tokenizer = transformers.AutoTokenizer.from_pretrained(HERE / folder)
            for key, talk in conversations.items():
                asks = talk["messages"][-1]["role"] != "assistant"
                try:
                    text = tokenizer.apply_chat_template(
                        talk["messages"],
                        tools=talk.get("tools"),
                        chat_template=written["source"],
                        tokenize=False,
                        add_generation_prompt=asks,
                        date_string=DATE,
                    )
                except Exception:
                    results[f"{folder}/{key}"] = "!"
                    continue
                ids = tokenizer.encode(text, add_special_tokens=False)
                results[f"{folder}/{key}"] = f"{short(text)} {short(','.join(map(str, ids)))}"
        templates[name] = {"source": short(written["source"]), "results": results}
    text = json.dumps(templates, separators=(",", ":")).replace('"source"', '\n"source"')
    write_packed(HERE / "template-sources.json.gz", text + "\n")


if __name__ == "__main__":
    main()
