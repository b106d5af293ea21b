"""The built-in model by transformers in fp32: logits and greedy text.

Written to fixtures/generation:
  smollm2_logits.json        {"prompts": [{text, ids, top50: {ids, values}, sampled_vocabulary: [64 ids], statistics}]}
                             statistics are per position: mean, std, min, max, logsumexp over the vocabulary
  smollm2_logits.safetensors "<prompt>.sampled" -> [positions, 64] logits at every position for the sampled vocabulary
  smollm2_greedy.json        {"cases": [{messages, settings, prompt_ids, output_ids, text, min_margin}]}
`min_margin` is the smallest gap between the best and second-best logit met on the way: greedy text can only be compared
where it is well above rounding noise, so the maker refuses prompts below 0.002.
"""

import torch

from builtin_model import gguf_file, load_model, load_tokenizer
from fixture_common import folder, seed, write_json, write_tensors

LOGIT_PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):\n    if n < 2:\n        return n\n",
    "今天天气很好，我们一起去公园散步吧。",
    "In 1969, 2 astronauts walked on the Moon.\n\n1. Their names were Neil Armstrong and Buzz Aldrin.\n\n2. They",
]


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


CONVERSATIONS = [
    user("What is the capital of Italy?"),
    user("Describe a cat in one sentence."),
    user("List three fruits that are red."),
    user("How do I boil an egg?"),
    user("Explain gravity to a child in two sentences."),
    user("Translate to French: Good morning, my friend."),
    user("What is 7 plus 5?"),
    user("Write a Python function that adds two numbers."),
    [
        {"role": "system", "content": "You answer like a pirate."},
        {"role": "user", "content": "Where is the treasure?"},
    ],
    [
        {"role": "user", "content": "My name is Ada and I like trains."},
        {"role": "assistant", "content": "Nice to meet you, Ada! Trains are wonderful."},
        {"role": "user", "content": "What is my name, and what do I like?"},
    ],
    user("中国的首都是哪里？"),
    user("请用一句话介绍春天。"),
    user("列出五个国家的名字。"),
    user("怎样煮鸡蛋？"),
    user("请把“早上好”翻译成英文。"),
    user("太阳为什么会发光？"),
    user("写一首关于月亮的短诗。"),
    user("三加五等于几？"),
    [
        {"role": "system", "content": "你是一个友好的助手。"},
        {"role": "user", "content": "你好，你是谁？"},
    ],
    [
        {"role": "user", "content": "我叫小明，我喜欢踢足球。"},
        {"role": "assistant", "content": "你好，小明！足球是一项很好的运动。"},
        {"role": "user", "content": "我叫什么名字？"},
    ],
]
PENALISED = (4, 6, 13)


def write_logits(model, tokenizer, out) -> None:
    prompts, tensors = [], {}
    for index, text in enumerate(LOGIT_PROMPTS):
        ids = tokenizer(text).input_ids
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0]
        top = logits[-1].topk(50)
        chosen = torch.randperm(logits.shape[1], generator=seed(index))[:64].sort().values
        tensors[f"{index}.sampled"] = logits[:, chosen]
        prompts.append(
            {
                "text": text,
                "ids": ids,
                "top50": {"ids": top.indices.tolist(), "values": top.values.tolist()},
                "sampled_vocabulary": chosen.tolist(),
                "statistics": {
                    "mean": logits.mean(-1).tolist(),
                    "std": logits.std(-1).tolist(),
                    "min": logits.amin(-1).tolist(),
                    "max": logits.amax(-1).tolist(),
                    "logsumexp": logits.logsumexp(-1).tolist(),
                },
            }
        )
    write_json(out / "smollm2_logits.json", {"prompts": prompts})
    write_tensors(out / "smollm2_logits.safetensors", tensors)


def greedy(model, tokenizer, messages, **settings) -> dict:
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    result = model.generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False,
        max_new_tokens=40,
        return_dict_in_generate=True,
        output_scores=True,
        **settings,
    )
    output = result.sequences[0, len(prompt) :].tolist()
    margin = min((top := score[0].topk(2).values)[0].item() - top[1].item() for score in result.scores)
    text = tokenizer.decode(output, skip_special_tokens=True)
    print(f"  {margin:.4f} {text[:60]!r}", flush=True)
    return {
        "messages": messages,
        "settings": {"max_new_tokens": 40, **settings},
        "prompt_ids": prompt,
        "output_ids": output,
        "text": text,
        "min_margin": margin,
    }


def make(builtin) -> None:
    where = gguf_file(builtin)
    tokenizer, model = load_tokenizer(where), load_model(where).eval()
    out = folder("generation")
    write_logits(model, tokenizer, out)
    cases = [greedy(model, tokenizer, messages) for messages in CONVERSATIONS]
    for index in PENALISED:
        cases.append(greedy(model, tokenizer, CONVERSATIONS[index], repetition_penalty=1.1))
        cases.append(greedy(model, tokenizer, CONVERSATIONS[index], no_repeat_ngram_size=3))
    write_json(out / "smollm2_greedy.json", {"chat_template": tokenizer.chat_template, "cases": cases})
    weak = [case["messages"][-1]["content"] for case in cases if case["min_margin"] < 2e-3]
    if weak:
        raise SystemExit(f"Greedy text hangs on rounding for {weak}: choose other prompts.")
