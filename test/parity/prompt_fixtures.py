"""Prints what lm-evaluation-harness 0.4.13 makes of prompts: run it in bench/peers' environment.

    HF_HUB_OFFLINE=1 python test/parity/prompt_fixtures.py

One sha1 over all cases stands in src/eval/prompt.test.ts; --all prints the cases themselves.
"""
import hashlib
import itertools
import json
import logging
import os
import sys
import tempfile

from lm_eval.api.task import ConfigurableTask

logging.disable(logging.WARNING)
ROWS = [{"q": "1 + 1 = ?", "c": ["2", "3"], "a": 0}, {"q": "2 + 1 = ?", "c": ["2", "3"], "a": 1}]
PREFIXES = ["", "The answer is", "So: "]
DESCRIPTIONS = ["", "About sums.\n\n", "About sums."]
ENDS = ["\nAnswer:", "\n"]
SYSTEMS = ["", "Be brief."]
FORMS = ["plain", "single", "turns"]


def template(messages, add_generation_prompt=True):
    """The conversation without the words that the answer begins with, and then those."""
    prefix = "" if add_generation_prompt else messages.pop()["content"]
    return "".join(f"<{m['role']}>{m['content']}" for m in messages) + prefix


def cases():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows.jsonl")
        with open(path, "w") as file:
            file.writelines(json.dumps(row) + "\n" for row in ROWS)
        for prefix, description, end in itertools.product(PREFIXES, DESCRIPTIONS, ENDS):
            task = ConfigurableTask(config={
                "task": "sums", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": path, "dev": path}},
                "test_split": "test", "fewshot_split": "dev", "fewshot_config": {"sampler": "first_n"},
                "output_type": "multiple_choice", "doc_to_text": "{{q}}" + end, "doc_to_target": "a", "doc_to_choice": "c",
                "description": description, "gen_prefix": prefix or None, "metric_list": [{"metric": "acc"}],
            })
            doc = task.test_docs()[0]
            for system, form, shots in itertools.product(SYSTEMS, FORMS, [0, 1]):
                # With examples from the split of the question, the question itself would be left out.
                chat = form != "plain"
                context = task.fewshot_context(
                    doc, shots, system or None, chat, form == "turns", template, gen_prefix=task.doc_to_prefix(doc))
                requests = task.construct_requests(
                    doc, context, metadata=(None, None, None), apply_chat_template=chat, chat_template=template)
                yield [list(request.args) for request in requests]


made = list(cases())
if "--all" in sys.argv:
    for case in made:
        print(json.dumps(case, ensure_ascii=False))
print(len(made), hashlib.sha1(json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest())
