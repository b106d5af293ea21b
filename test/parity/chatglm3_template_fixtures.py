"""Writes fixtures/text/chatglm3-template.json: ids and labels of conversations as ChatGLM3's finetune_hf.py makes them.

Its rule: each message is the id of its role, then the ids of a line break, then those of its words, each encoded by SentencePiece
alone; labels are those of the assistant's messages one place later, so that what opens the next turn is learnt, and the end
token behind the last. The roles' ids follow the vocabulary in the order of the published tokenizer. Run with sentencepiece:
    python test/parity/chatglm3_template_fixtures.py
"""

import json
import pathlib

import sentencepiece

from packed_json import read_packed

HERE = pathlib.Path(__file__).parent / "fixtures"
FURTHER = ["[MASK]", "[gMASK]", "[sMASK]", "sop", "eop", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"]
KEYS = ["single", "prompt", "system", "empty-system", "turns", "spaces"]


def main() -> None:
    pieces = sentencepiece.SentencePieceProcessor(str(HERE / "tokenizers" / "unigram-bytes.model"))
    command = {text: pieces.vocab_size() + order for order, text in enumerate(FURTHER)}
    conversations = json.loads(read_packed(HERE / "text" / "golden-templates.json.gz"))["conversations"]
    cases = []
    for key in KEYS:
        messages = conversations[key]["messages"]
        ids, learnt = [command["[gMASK]"], command["sop"]], [False, False]
        for message in messages:
            part = [command[f"<|{message['role']}|>"], *pieces.encode("\n"), *pieces.encode(message["content"])]
            ids += part
            learnt += [message["role"] == "assistant"] * len(part)
        if messages[-1]["role"] == "assistant":
            ids.append(pieces.piece_to_id("</s>"))
            labels = [id if mask else -100 for id, mask in zip(ids, [False, *learnt])]
        else:
            ids.append(command["<|assistant|>"])
            labels = None
        cases.append({"conversation": key, "ids": ids, "labels": labels})
    text = json.dumps({"cases": cases}, separators=(",", ":")).replace('{"conversation"', '\n{"conversation"')
    (HERE / "text" / "chatglm3-template.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
