"""BBH, GSM8K and HumanEval by lm-evaluation-harness 0.4.13 on answers that are hard to read, for generation-tasks.test.ts.

    python test/parity/generation_task_fixtures.py ../shared/data/benchmarks

Each question gets one of ANSWERS, chosen by a hash of its prompt; `{line}` in it is the question's last line, without the
letter of a choice. Programs are not run: a hash says whether they pass. Kept are hashes of what was asked and of what the
filters made of the answers, and the scores.
"""

import collections
import hashlib
import json
import math
import pathlib
import sys
import types

from harness_local import HashModel, evaluate, numbers_of, use_local_files

LIMIT = 40
GROUPS = ["bbh_cot_fewshot", "bbh_fewshot", "bbh_cot_zeroshot", "bbh_zeroshot"]
TASKS = ["gsm8k", "gsm8k_cot_zeroshot"]
TASKS += ["humaneval", "humaneval_instruct", "humaneval_64", "humaneval_64_instruct"]

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
    "    return 1\n",
    "    return [x for x in y]\n```\nand ```more```",
    "```",
]


class HardModel(HashModel):
    """Answers by the prompt and by how often it has come before."""

    def generate_until(self, requests, disable_tqdm: bool = False):
        seen = collections.Counter()
        answers = []
        for request in requests:
            context = request.args[0]
            answers.append(answer(context, seen[context]))
            seen[context] += 1
        return answers


def answer(context: str, time: int) -> str:
    found = hashlib.sha1(f"{context}#{time}".encode()).digest()
    template = ANSWERS[int.from_bytes(found[:4], "little") % len(ANSWERS)]
    return template.replace("{line}", last_line(context))


def last_line(context: str) -> str:
    """Last line before the last line with "A:" or "Answer:", without `(A) ` or the like."""
    line = context[: context.rfind("\nA")].split("\n")[-1]
    return line[4:] if line[:1] == "(" else line


class CodeEval:
    """Stands for Hugging Face's metric code_eval, without running anything."""

    def compute(self, references: list[str], predictions: list[list[str]], k: list[int]):
        programs = [f"{program}\n{references[0]}" for program in predictions[0]]
        n, c = len(programs), sum(hashlib.sha1(program.encode()).digest()[0] % 3 == 0 for program in programs)
        return {f"pass@{one}": 1 - math.comb(n - c, one) / math.comb(n, one) for one in k}, {}


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
                    [sample["filtered_resps"], [round(float(sample[metric]) * 1e9) for metric in sample["metrics"]]]
                    for sample in ordered
                    if sample["filter"] == name
                ]
            )
            for name in filters
        },
    }


def main() -> None:
    use_local_files(sys.argv[1])
    sys.modules["evaluate"] = types.SimpleNamespace(load=lambda _name: CodeEval())
    tasks, scores = {}, {}
    for name in [*GROUPS, *TASKS]:
        evaluated = evaluate([name], model=HardModel(), limit=LIMIT, confirm_run_unsafe_code=True)
        tasks.update({task: digest(samples) for task, samples in evaluated["samples"].items()})
        scores[name] = numbers_of({**evaluated["results"], **evaluated.get("groups", {})}[name])
    fixture = {"limit": LIMIT, "answers": ANSWERS, "scores": scores, "tasks": tasks}
    path = pathlib.Path(__file__).parent / "fixtures/generation-tasks.json"
    path.write_text(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
