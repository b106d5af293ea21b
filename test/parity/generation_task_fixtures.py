"""BBH and GSM8K by lm-evaluation-harness 0.4.13 on answers that are hard to read, for generation-tasks.test.ts.

    python test/parity/generation_task_fixtures.py ../shared/data/benchmarks

Each question gets one of ANSWERS, chosen by a hash of its prompt; `{line}` in it is the question's last line, without the
letter of a choice. Kept are hashes of what was asked and of what the filters made of the answers, and the scores.
"""

import hashlib
import json
import pathlib
import sys

from harness_local import HashModel, evaluate, numbers_of, use_local_files

LIMIT = 40
GROUPS = ["bbh_cot_fewshot", "bbh_fewshot", "bbh_cot_zeroshot", "bbh_zeroshot"]
TASKS = ["gsm8k", "gsm8k_cot_zeroshot"]

ANSWERS = [
    "",
    " ",
    "\n",
    "So the answer is (A).",
    "So the answer is (A)",
    "The answer is (B). Wait, the answer is (C).",
    "the answer is (D).\nthe answer is 7.\r\nthe answer is no.\u2028the answer is yes.\u2029",
    "the answer is \U0001f600\U0001f601",
    "the answer is x",
    "the answer is ",
    "The final answer: True.\u0085",
    "The answer: {line}.",
    "{line}",
    "I would say {line}, I think; or rather \"{line}\".",
    "{line}\n{line}.",
    "True",
    "True and False",
    "not True_ but False",
    "答案是True。",
    "Yes, no. No\u00e9 yes",
    "No.",
    "yes\n",
    "Yes.\n",
    "It is not plausible; no, it is plausible.",
    "PLAUSIBLE",
    "She does not tell the truth. He tells the truth.",
    "the argument is invalid, not valid",
    "valid_ invalid-valid",
    "Option: B",
    "Choice:\u3000C and then: A",
    "(A) or (B) or (Z)",
    "(a)",
    "] ) > }",
    "close it: \"] )\" and then < >",
    "none [ [ { ( < > ) } ] ]",
    "7",
    "-12",
    "--",
    "the count is 3, then 14 and -5.",
    "there are seventeen of them",
    "twenty two thousand and five",
    "I count six hundred and forty two, that is all",
    "three million two hundred thousand and nine",
    "ten, eleven, twelve",
    "eighteen",
    "７ and １２",
    "#### 1,234.",
    "#### 42\n#### 43",
    "#### -$5",
    "so $1,000.50.",
    "The answer is 18.",
    "The answer is 18",
    "The answer is 1,800.\nThe answer is 9.",
    "\\boxed{7}, \"quoted\".",
    "a.b.c.\n",
    "\x1c 5 \x1d",
    "\ufeff(B)\ufeff",
]


def answer(context: str, _index: int) -> str:
    found = hashlib.sha1(context.encode()).digest()
    template = ANSWERS[int.from_bytes(found[:4], "little") % len(ANSWERS)]
    return template.replace("{line}", last_line(context))


def last_line(context: str) -> str:
    """Last line before the last line with "A:" or "Answer:", without `(A) ` or the like."""
    line = context[: context.rindex("\nA")].split("\n")[-1]
    return line[4:] if line[:1] == "(" else line


def short_hash(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha1(text.encode()).hexdigest()[:12]


def digest(samples: list[dict]) -> dict:
    ordered = sorted(samples, key=lambda sample: sample["doc_id"])
    filters = list(dict.fromkeys(sample["filter"] for sample in ordered))
    of_first = [sample for sample in ordered if sample["filter"] == filters[0]]
    return {
        "asked": short_hash([[sample["arguments"][0][0], sample["target"]] for sample in of_first]),
        "settings": short_hash(of_first[0]["arguments"][0][1]),
        "filtered": {
            name: short_hash(
                [
                    [sample["filtered_resps"], int(sample["exact_match"])]
                    for sample in ordered
                    if sample["filter"] == name
                ]
            )
            for name in filters
        },
    }


def main() -> None:
    use_local_files(sys.argv[1])
    tasks, scores = {}, {}
    for name in [*GROUPS, *TASKS]:
        evaluated = evaluate([name], model=HashModel(answer), limit=LIMIT)
        tasks.update({task: digest(samples) for task, samples in evaluated["samples"].items()})
        scores[name] = numbers_of({**evaluated["results"], **evaluated.get("groups", {})}[name])
    fixture = {"limit": LIMIT, "answers": ANSWERS, "scores": scores, "tasks": tasks}
    path = pathlib.Path(__file__).parent / "fixtures/generation-tasks.json"
    path.write_text(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
