"""Sampling filters of transformers in the order `generate` applies them, and greedy text of the tiny Llama.

Written to fixtures/generation:
  processors.json          {"ids": [...], "cases": [{name, settings, order, kept: [token ids]}]}
  processors.safetensors   logits [256] f32; per case "<name>.scores" [256] (-inf where filtered) and
                           "<name>.probabilities" [256]
  tiny_greedy.json         {"base": "model/untied", "cases": [{settings, prompt_ids, output_ids, min_margin}]}
Order in transformers 5.23: repetition_penalty, no_repeat_ngram_size, temperature, top_k, top_p, min_p.
"""

import torch

from fixture_common import FIXTURES, folder, random_ids, seed, write_json, write_tensors

VOCAB = 256
SETTINGS = {
    "temperature": dict(temperature=0.7),
    "temperature-high": dict(temperature=1.8),
    "top-k": dict(top_k=10),
    "top-k-above-vocabulary": dict(top_k=1000),
    "top-p": dict(top_p=0.8),
    "top-p-tiny": dict(top_p=1e-6),
    "min-p": dict(min_p=0.1),
    "repetition-penalty": dict(repetition_penalty=1.3),
    "repetition-penalty-below-one": dict(repetition_penalty=0.8),
    "no-repeat-ngram-2": dict(no_repeat_ngram_size=2),
    "no-repeat-ngram-3": dict(no_repeat_ngram_size=3),
    "firefly": dict(temperature=0.35, top_p=0.9, repetition_penalty=1.1),
    "everything": dict(
        temperature=0.8, top_k=20, top_p=0.85, min_p=0.05, repetition_penalty=1.2, no_repeat_ngram_size=2
    ),
}
# After 9 came 12, 30 and 200; after 30, 9 came 200: the two n-gram sizes ban different tokens.
IDS = [5, 9, 12, 5, 9, 30, 9, 200, 5, 9, 12, 8, 30, 9]


def tiny():
    from transformers import AutoModelForCausalLM

    path = FIXTURES / "model" / "untied"
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()


def make_processors(out, model) -> None:
    from transformers import GenerationConfig

    logits = torch.randn(VOCAB, generator=seed(800)) * 1.2
    # Bans and penalties must hit tokens that matter, of either sign.
    logits[12], logits[30], logits[200], logits[5] = 4.5, 4.2, 4.0, -1.0
    tensors, cases = {"logits": logits}, []
    ids = torch.tensor([IDS])
    for name, settings in SETTINGS.items():
        config = GenerationConfig(do_sample=True, **{"top_k": 0, **settings})
        processors = model._get_logits_processor(config, input_ids_seq_length=len(IDS), device="cpu")
        scores = processors(ids, logits[None].clone())[0]
        tensors[f"{name}.scores"] = scores
        tensors[f"{name}.probabilities"] = scores.softmax(-1)
        cases.append(
            {
                "name": name,
                "settings": settings,
                "order": [type(processor).__name__ for processor in processors],
                "kept": scores.isfinite().nonzero().flatten().tolist(),
            }
        )
        assert name == "top-k-above-vocabulary" or not torch.equal(scores, logits), name
    write_json(out / "processors.json", {"ids": IDS, "vocabulary": VOCAB, "cases": cases})
    write_tensors(out / "processors.safetensors", tensors)


def make_greedy(out, model) -> None:
    cases = []
    for index, settings in enumerate(
        [{}, {}, {"repetition_penalty": 1.3}, {"no_repeat_ngram_size": 2}, {"repetition_penalty": 1.1, "no_repeat_ngram_size": 3}]
    ):
        prompt = random_ids([1, 9, 9, 9, 14][index], 820 + index)
        result = model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            do_sample=False,
            max_new_tokens=32,
            eos_token_id=None,
            pad_token_id=0,
            return_dict_in_generate=True,
            output_scores=True,
            **settings,
        )
        tops = [score[0].topk(2).values for score in result.scores]
        margin = min((top[0] - top[1]).item() for top in tops)
        assert margin > 1e-3, (index, margin)
        output = result.sequences[0, len(prompt) :].tolist()
        cases.append(
            {
                "settings": {"max_new_tokens": 32, **settings},
                "prompt_ids": prompt,
                "output_ids": output,
                "min_margin": margin,
            }
        )
    write_json(out / "tiny_greedy.json", {"base": "model/untied", "cases": cases})


def make() -> None:
    out = folder("generation")
    model = tiny()
    make_processors(out, model)
    make_greedy(out, model)
