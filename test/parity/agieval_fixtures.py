"""Writes fixtures/agieval.json: what lm-evaluation-harness 0.4.13 makes of AGIEval's files with a stand-in for the model.

    python test/parity/agieval_fixtures.py ../shared/data/benchmarks

The harness reads copies of the data on the hub that hold finished prompts; they are made here from the publishers' files,
in the words of the publishers' code for questions without examples.
"""

import functools
import hashlib
import json
import pathlib
import sys

import harness_local

NAMES = [
    *("aqua-rat logiqa-en lsat-ar lsat-lr lsat-rc math sat-en sat-en-without-passage sat-math gaokao-english").split(),
    *("logiqa-zh jec-qa-kd jec-qa-ca gaokao-mathcloze gaokao-mathqa gaokao-chinese gaokao-geography").split(),
    *("gaokao-history gaokao-biology gaokao-chemistry gaokao-physics").split(),
]
ENGLISH = set(NAMES[:10])


def query(row: dict, name: str) -> str:
    passage, question = row["passage"] or "", row["question"]
    if name == "math":
        return f"{passage}Q: {question}\nA: The answer is"
    if name == "gaokao-mathcloze":
        return f"{passage}问题：{question}\n答案："
    options, last = " ".join(row["options"]), "ABCDEFG"[len(row["options"]) - 1]
    if name in ENGLISH:
        return f"{passage}Q: {question} Answer Choices: {options}\nA: Among A through {last}, the answer is"
    return f"{passage}问题：{question} 选项：{options}\n答案：从A到{last}, 我们应选择"


def letters_of(row: dict) -> str:
    """Seven labels of gaokao-mathqa are several letters; one of jec-qa-ca is none, and its row is not on the hub."""
    return "".join(row["label"]).replace(" ", "")


def agieval(root: pathlib.Path, _config: str | None, name: str) -> harness_local.Splits:
    rows = harness_local.json_lines(root / f"agieval/data/v1/{name}.jsonl")
    if rows[0]["options"] is None:
        return {"test": [{"query": query(row, name), "answer": row["answer"]} for row in rows]}
    return {
        "test": [
            {
                "query": query(row, name),
                "choices": row["options"],
                "gold": ["ABCDEFG".index(letter) for letter in letters_of(row)],
            }
            for row in rows
            if set(letters_of(row)) <= set("ABCDEFG")
        ]
    }


def answer(context: str, _index: int) -> str:
    """A small number that depends on the prompt, written in one of four ways."""
    byte = hashlib.sha1(context.encode()).digest()[0]
    return [f" {byte % 7}.", f" $x={byte % 5}$", f" \\boxed{{{byte % 6}}}", " nothing"][byte % 4]


def main() -> None:
    root = pathlib.Path(sys.argv[1]).resolve()
    for name in NAMES:
        harness_local.LOADERS[f"hails/agieval-{name}"] = functools.partial(agieval, name=name)
    harness_local.use_local_files(root)
    model = harness_local.HashModel(answer)
    zero = {}
    for group in ["agieval", "agieval_cn", "agieval_en", "agieval_nous"]:  # A task may be in one group of a run only.
        zero.update(harness_local.digest(harness_local.evaluate([group], model=model)))
    five = harness_local.digest(
        harness_local.evaluate(["agieval_math", "agieval_gaokao_mathcloze"], num_fewshot=5, model=model)
    )
    path = pathlib.Path(__file__).parent / "fixtures/agieval.json"
    path.write_text(json.dumps({"zero_shot": zero, "five_shot": five}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
