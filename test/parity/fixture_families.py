"""Small random checkpoints of further model families, with everything a family has to get right (fp32, one thread).

Written to fixtures/families:
  slopes.json            {"slopes": {heads: [...]}}: ALiBi's slopes by transformers' Bloom
  cases.json             {"cases": [{name, norm_head, labelled, sequences: [{ids, labels}], loss, adapter_loss, grad_norm,
                         adapter_grad_norm, adamw, steps, greedy: {prompt_ids, output_ids, adapter_output_ids, min_margin}}]}
                         `loss` is the mean over all labelled tokens of all sequences; labels are aligned with ids
  <case>/model/          checkpoint in Hugging Face's layout; its config.json is as transformers or the publisher writes it
  <case>/adapter/        saved by PEFT, A and B random
  <case>/expected.safetensors
    logits.I, adapter_logits.I       of sequence I -> [length, vocab]
    gradient.N, after.N              of `loss` for the parameter N in full fine-tuning, and N after one step of AdamW;
                                     flattened, every `steps[N]`-th element
    adapter_gradient.N, adapter_after.N   the same for the adapter, by the names in adapter_model.safetensors, every
                                     ADAPTER_STEP-th element of the gradient
                                     of `after` every AFTER_STEP-th element of those of the parameter, or of all of the adapter
Weights are random numbers that bfloat16 (float16) holds exactly, so that the small files lose nothing. Full fine-tuning is
without an adapter; where the head is a NormHead its gradient goes through the normalization. Token 0 is the padding
token of Baichuan's configurations: as torch's `padding_idx`, its row of the embedding gets no gradient.
"""

import json
import shutil

import torch

import baichuan_reference
import published_reference
from fixture_common import folder, random_ids, seed, write_json, write_tensors
from fixture_lora import LINEARS, adapter_name, save, sum_loss

VOCAB = 64
# A step depends on nothing but the gradient and the element: few of many show it.
AFTER_STEP = 7
ADAPTER_STEP = 3

# A large epsilon: otherwise a first step of Adam is hardly more than the sign of each gradient.
ADAMW = dict(lr=0.05, betas=(0.9, 0.99), eps=0.1, weight_decay=0.1)
PACKED = ["W_pack", "o_proj", "gate_proj", "up_proj", "down_proj"]

LLAMA = dict(
    vocab_size=VOCAB,
    hidden_size=40,
    intermediate_size=56,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
    max_position_embeddings=64,
    rms_norm_eps=1e-6,
    bos_token_id=1,
    eos_token_id=2,
    rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
    attention_bias=False,
)
# Heads of hidden_size / num_attention_heads, whose size the published files leave out.
EVEN = dict(hidden_size=48, head_dim=None)
FUSED = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
QWEN3_PUBLISHED = ("attention_dropout", "hidden_act", "initializer_range", "model_type", "use_cache")

BAICHUAN = {
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "model_type": "baichuan",
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "rms_norm_eps": 1e-06,
    "tie_word_embeddings": False,
    "use_cache": True,
    "vocab_size": VOCAB,
}


def published(version: int, size: str, **values) -> dict:
    """The keys of a published config.json, with small sizes."""
    spelled = "BaiChuan" if (version, size) == (1, "7b") else "Baichuan"
    config = {
        "architectures": [f"{spelled}ForCausalLM"],
        "auto_map": {
            "AutoConfig": f"configuration_baichuan.{spelled}Config",
            "AutoModelForCausalLM": f"modeling_baichuan.{spelled}ForCausalLM",
        },
        "torch_dtype": "float16" if spelled == "BaiChuan" else "bfloat16",
        "transformers_version": "4.29.1" if version == 1 else "4.29.2",
    }
    if size == "7b":
        config["max_position_embeddings"] = 64
    else:
        config["gradient_checkpointing"] = [False]
    if version == 2 or size == "13b":
        config |= {"_from_model_config": True, "model_max_length": 64}
    if version == 2:
        config |= {"tokenizer_class": "BaichuanTokenizer", "z_loss_weight": 0}
    return dict(sorted((BAICHUAN | config | values).items()))


# Heads of the 13B: counts that are no power of two, as 40 is none.
CASES = {
    "llama": dict(config=dict(tie_word_embeddings=False, attention_bias=True, mlp_bias=True), targets=LINEARS),
    "qwen3-tied": dict(config=dict(tie_word_embeddings=True), targets=LINEARS),
    "qwen3-untied": dict(config=dict(tie_word_embeddings=False), targets=LINEARS),
    "baichuan-7b": dict(
        config=published(1, "7b", hidden_size=32, intermediate_size=48, num_attention_heads=4), targets=PACKED
    ),
    "baichuan2-7b": dict(
        config=published(2, "7b", hidden_size=48, intermediate_size=40, num_attention_heads=3), targets=PACKED
    ),
    "baichuan-13b": dict(
        config=published(1, "13b", hidden_size=40, intermediate_size=56, num_attention_heads=5), targets=PACKED
    ),
    "baichuan2-13b": dict(
        config=published(2, "13b", hidden_size=48, intermediate_size=40, num_attention_heads=6), targets=["W_pack"]
    ),
    "mistral": dict(config=dict(tie_word_embeddings=False, sliding_window=5), targets=LINEARS),
    "phi3": dict(config=EVEN | dict(tie_word_embeddings=False, pad_token_id=0, sliding_window=6), targets=FUSED),
    # Sequences on both sides of the length from which the long divisors are used.
    "phi3-longrope": dict(
        config=EVEN
        | dict(
            tie_word_embeddings=False,
            pad_token_id=0,
            max_position_embeddings=32,
            original_max_position_embeddings=12,
            rope_parameters={
                "rope_type": "longrope",
                "rope_theta": 10000.0,
                "partial_rotary_factor": 0.5,
                "short_factor": [1.0, 1.1, 1.3],
                "long_factor": [1.2, 2.5, 4.0],
            },
        ),
        targets=FUSED,
    ),
    "olmo2": dict(config=EVEN | dict(tie_word_embeddings=False, pad_token_id=0, attention_bias=True), targets=LINEARS),
    "glm4": dict(
        config=dict(tie_word_embeddings=False, pad_token_id=0, attention_bias=True),
        targets=["q_proj", "k_proj", "v_proj", "o_proj", "gate_up_proj", "down_proj"],
    ),
    # Caps that bend what these small models compute.
    "gemma2": dict(
        config=dict(
            tie_word_embeddings=True,
            pad_token_id=0,
            sliding_window=5,
            query_pre_attn_scalar=24,
            attn_logit_softcapping=4.0,
            final_logit_softcapping=6.0,
        ),
        targets=LINEARS,
    ),
    "gemma3_text": dict(
        config=dict(
            tie_word_embeddings=True,
            pad_token_id=0,
            sliding_window=5,
            sliding_window_pattern=2,
            query_pre_attn_scalar=24,
            final_logit_softcapping=20.0,
            rope_parameters={
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
                "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
            },
        ),
        targets=LINEARS,
    ),
    "qwen2": dict(
        config=EVEN
        | dict(
            attention_bias=None,
            tie_word_embeddings=False,
            use_sliding_window=True,
            sliding_window=5,
            max_window_layers=1,
        ),
        targets=LINEARS,
    ),
}


INTERNLM2 = {
    "architectures": ["InternLM2ForCausalLM"],
    "attn_implementation": "eager",
    "auto_map": {
        "AutoConfig": "configuration_internlm2.InternLM2Config",
        "AutoModelForCausalLM": "modeling_internlm2.InternLM2ForCausalLM",
    },
    "bias": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 48,
    "initializer_range": 0.02,
    "intermediate_size": 40,
    "max_position_embeddings": 64,
    "model_type": "internlm2",
    "num_attention_heads": 6,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "pad_token_id": 2,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.41.0",
    "use_cache": True,
    "vocab_size": VOCAB,
}
CHATGLM = {
    "architectures": ["ChatGLMModel"],
    "auto_map": {
        "AutoConfig": "configuration_chatglm.ChatGLMConfig",
        "AutoModel": "modeling_chatglm.ChatGLMForConditionalGeneration",
    },
    "add_bias_linear": False,
    "add_qkv_bias": True,
    "apply_query_key_layer_scaling": True,
    "apply_residual_connection_post_layernorm": False,
    "attention_dropout": 0.0,
    "attention_softmax_in_fp32": True,
    "ffn_hidden_size": 40,
    "fp32_residual_connection": False,
    "hidden_dropout": 0.0,
    "hidden_size": 48,
    "kv_channels": 16,
    "layernorm_epsilon": 1e-05,
    "model_type": "chatglm",
    "multi_query_attention": True,
    "multi_query_group_num": 2,
    "num_attention_heads": 4,
    "num_layers": 2,
    "original_rope": True,
    "padded_vocab_size": VOCAB,
    "post_layer_norm": True,
    "pre_seq_len": None,
    "prefix_projection": False,
    "quantization_bit": 0,
    "rmsnorm": True,
    "seq_length": 64,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
    "transformers_version": "4.27.1",
    "use_cache": True,
    "vocab_size": VOCAB,
}
INTERNLM2_LINEARS = ["wqkv", "wo", "w1", "w2", "w3"]
CHATGLM_LINEARS = ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"]

# Seeds that do not depend on what stands before.
CASES |= {
    "qwen3-window": dict(
        config=dict(tie_word_embeddings=False, use_sliding_window=True, sliding_window=5, max_window_layers=1),
        targets=LINEARS,
        value=105000,
    ),
    # Sequences on both sides of the length from which the base is stretched.
    "internlm2": dict(
        config=INTERNLM2 | dict(max_position_embeddings=16, rope_scaling={"type": "dynamic", "factor": 2.0}),
        targets=INTERNLM2_LINEARS,
        value=101000,
    ),
    "internlm2-bias": dict(config=INTERNLM2 | dict(bias=True), targets=["wqkv"], value=102000),
    # Heads that make up the width, without which llama.cpp loads no ChatGLM.
    "chatglm3": dict(
        config=CHATGLM | dict(kv_channels=12, eos_token_id=2, pad_token_id=0), targets=CHATGLM_LINEARS, value=103000
    ),
    # Every bias, and the base of GLM-4-9B.
    "chatglm-glm4": dict(
        config=CHATGLM
        | dict(add_bias_linear=True, rope_ratio=500, eos_token_id=[5, 6, 7], pad_token_id=5, layernorm_epsilon=1.5625e-07),
        targets=["query_key_value"],
        value=104000,
    ),
}


def randomize(model, value: int, dtype: torch.dtype) -> None:
    """Weights large enough that attention is far from uniform; the rows of a head differ in length."""
    generator = seed(value)
    gemma = model.config.model_type.startswith("gemma")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                # Gemma's norms are stored less 1.
                noise = 0.3 * noise + (0 if gemma else 1)
            elif name.endswith("bias"):
                noise = 0.3 * noise
            elif name in ("lm_head.weight", "output.weight", "transformer.output_layer.weight"):
                noise = noise * (0.2 + 0.4 * torch.rand(parameter.shape[0], 1, generator=generator))
            elif "embed" in name:
                # Small where it is scaled: else a tied head answers each token with itself.
                noise = noise * (0.1 if gemma else 0.4 if model.config.tie_word_embeddings else 1)
            else:
                noise = noise * 1.5 / parameter.shape[1] ** 0.5
            parameter.copy_(noise.to(dtype))
    model.eval()


def make_from_transformers(path, config: dict, value: int):
    from transformers import AutoConfig, AutoModelForCausalLM

    family, older_keys = path.parent.name.split("-")[0], path.parent.name == "qwen3-untied"

    def build():
        given = {key: value for key, value in {**LLAMA, **config}.items() if value is not None}
        settings = AutoConfig.for_model(family, **given)
        return AutoModelForCausalLM.from_config(settings, attn_implementation="eager", dtype=torch.float32)

    model = build()
    randomize(model, value, torch.bfloat16)
    state = model.state_dict()
    model.to(torch.bfloat16).save_pretrained(path)
    (path / "generation_config.json").unlink(missing_ok=True)
    if older_keys:
        # The keys of the files that Qwen published in 2025 (transformers 4.51).
        written = json.loads((path / "config.json").read_text())
        kept = {key: written[key] for key in (*LLAMA, *config, *QWEN3_PUBLISHED) if key != "rope_parameters"}
        kept |= {"architectures": ["Qwen3ForCausalLM"], "rope_theta": 1000000, "rope_scaling": None}
        kept |= {"max_window_layers": 2, "sliding_window": None, "use_sliding_window": False}
        kept |= {"torch_dtype": "bfloat16", "transformers_version": "4.51.0"}
        write_json(path / "config.json", dict(sorted(kept.items())))

    def fresh():
        model = build()
        model.load_state_dict(state)
        return model.eval()

    loaded = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
    ids = torch.tensor([random_ids(20, 5, VOCAB)])
    with torch.no_grad():
        assert torch.equal(loaded(ids).logits, fresh()(ids).logits)
    return fresh


def make_baichuan(path, config: dict, value: int):
    dtype = getattr(torch, config["torch_dtype"])
    model = baichuan_reference.build(config)
    randomize(model, value, dtype)
    baichuan_reference.check(model, config, random_ids(20, 5, VOCAB))
    state = model.state_dict()
    stored = {name: tensor.to(dtype) for name, tensor in state.items()}
    if config["architectures"] == ["BaiChuanForCausalLM"]:
        for layer in range(config["num_hidden_layers"]):
            stored[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = model.model.rotary_emb.inv_freq.clone()
    path.mkdir(parents=True)
    write_json(path / "config.json", config)
    write_tensors(path / "model.safetensors", stored)

    def fresh():
        model = baichuan_reference.build(config)
        model.load_state_dict(state)
        return model.eval()

    return fresh


def make_published(path, config: dict, value: int):
    """InternLM2 and ChatGLM, whose code is not in transformers."""
    dtype = getattr(torch, config["torch_dtype"])
    model = published_reference.build(config)
    randomize(model, value, dtype)
    published_reference.check(model, config, random_ids(20, 5, VOCAB))
    state = model.state_dict()
    path.mkdir(parents=True)
    write_json(path / "config.json", config)
    stored = {name: tensor.to(dtype) for name, tensor in state.items()}
    write_tensors(path / "model.safetensors", stored | published_reference.buffers(config, dtype))

    def fresh():
        model = published_reference.build(config)
        model.load_state_dict(state)
        return model.eval()

    return fresh


def adapted(model, targets: list[str], value: int):
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=3, lora_alpha=6, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", target_modules=targets)
    model = get_peft_model(model, config)
    generator = seed(value)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.15)
    return model.eval()


def make_sequences(value: int, padding: int | None) -> list[dict]:
    sequences = []
    for index, (length, masked) in enumerate([(9, [0, 1, 2, 5]), (1, [0]), (23, range(11))]):
        ids = random_ids(length, value + index, VOCAB)
        if padding is not None and length > 1:
            ids[3] = padding
        sequences.append({"ids": ids, "labels": [-100 if i in masked else x for i, x in enumerate(ids)]})
    return sequences


def logits_of(model, ids: list[int]) -> torch.Tensor:
    return model(torch.tensor([ids])).logits[0]


def one_step(model, sequences: list[dict], labelled: int) -> dict:
    """Loss, gradients and the parameters after one step; vectors are not decayed, as Trainer does it."""
    total = sum(sum_loss(logits_of(model, s["ids"]), torch.tensor(s["labels"])) for s in sequences if len(s["ids"]) > 1)
    loss = total / labelled
    loss.backward()
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    gradients = {name: p.grad.clone() for name, p in trained.items()}
    matrices, vectors = ([p for p in trained.values() if (p.ndim > 1) is wide] for wide in (True, False))
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    torch.optim.AdamW([group for group in groups if group["params"]], **ADAMW).step()
    norm = torch.stack([g.norm() for g in gradients.values()]).norm()
    return {
        "loss": loss.item(),
        "grad_norm": norm.item(),
        "gradients": gradients,
        "after": {name: p.detach() for name, p in trained.items()},
    }


def greedy(model, prompt: list[int], cached: bool) -> tuple[list[int], float]:
    """20 more ids, every one from a pass over all before it, and the smallest lead of a first choice.

    `cached`: from a pass over the newest with the keys of those before. Where the base of the rotation grows with the text,
    that is something else, and what every implementation does.
    """
    ids, margin, past, new = list(prompt), float("inf"), None, list(prompt)
    with torch.no_grad():
        for _ in range(20):
            if cached:
                output = model(input_ids=torch.tensor([new]), past_key_values=past, use_cache=True)
                past, logits = output.past_key_values, output.logits[0]
            else:
                logits = logits_of(model, ids)
            top = logits[-1].topk(2)
            margin = min(margin, (top.values[0] - top.values[1]).item())
            new = [top.indices[0].item()]
            ids += new
    return ids[len(prompt) :], margin


def make_greedy(plain, adapter, value: int, cached: bool) -> dict:
    """A prompt after which no choice is close and the texts are no mere repetition."""
    for attempt in range(100):
        prompt = random_ids(6, value + attempt, VOCAB)
        output, margin = greedy(plain, prompt, cached)
        adapter_output, adapter_margin = greedy(adapter, prompt, cached)
        least = min(margin, adapter_margin)
        if least > 5e-3 and output != adapter_output and min(len(set(output)), len(set(adapter_output))) > 3:
            return {
                "prompt_ids": prompt,
                "output_ids": output,
                "adapter_output_ids": adapter_output,
                "min_margin": least,
            }
    raise AssertionError("no prompt will do")


def every(name: str, tensor: torch.Tensor) -> int:
    """Which elements of a parameter are stored: all of the embedding, for its padding row, and of small ones."""
    return 1 if "embed" in name or tensor.numel() < 600 else 11


def make_case(out, name: str, config: dict, targets: list[str], value: int) -> dict:
    shutil.rmtree(out / name, ignore_errors=True)
    makers = {"baichuan": make_baichuan, "internlm2": make_published, "chatglm": make_published}
    make_model = makers.get(config.get("model_type"), make_from_transformers)
    fresh = make_model(out / name / "model", config, value)
    plain, adapter = fresh(), adapted(fresh(), targets, value + 1)
    save(adapter, out / name / "adapter", base=f"families/{name}")
    sequences = make_sequences(value + 10, config.get("pad_token_id"))
    labelled = sum(sum(x != -100 for x in s["labels"][1:]) for s in sequences)
    tensors = {}
    with torch.no_grad():
        for index, sequence in enumerate(sequences):
            tensors[f"logits.{index}"] = logits_of(plain, sequence["ids"])
            tensors[f"adapter_logits.{index}"] = logits_of(adapter, sequence["ids"])
            assert (tensors[f"logits.{index}"] - tensors[f"adapter_logits.{index}"]).abs().max() > 0.05
    text = make_greedy(plain, adapter, value + 100, cached=make_model is make_published)
    if make_model is make_from_transformers:
        settings = dict(do_sample=False, max_new_tokens=20, eos_token_id=None, pad_token_id=0)
        generated = plain.generate(torch.tensor([text["prompt_ids"]]), **settings)[0, 6:].tolist()
        assert generated == text["output_ids"]

    full, lora = one_step(plain, sequences, labelled), one_step(adapter, sequences, labelled)
    steps = {parameter: every(parameter, gradient) for parameter, gradient in full["gradients"].items()}
    for parameter, step in steps.items():
        tensors[f"gradient.{parameter}"] = full["gradients"][parameter].flatten()[::step]
        tensors[f"after.{parameter}"] = full["after"][parameter].flatten()[:: step * AFTER_STEP]
    for parameter in lora["gradients"]:
        tensors[f"adapter_gradient.{adapter_name(parameter)}"] = lora["gradients"][parameter].flatten()[::ADAPTER_STEP]
        tensors[f"adapter_after.{adapter_name(parameter)}"] = lora["after"][parameter].flatten()[::AFTER_STEP]
    write_tensors(out / name / "expected.safetensors", tensors)
    return {
        "name": name,
        "norm_head": "z_loss_weight" in config,
        "labelled": labelled,
        "sequences": sequences,
        "loss": full["loss"],
        "adapter_loss": lora["loss"],
        "grad_norm": full["grad_norm"],
        "adapter_grad_norm": lora["grad_norm"],
        "adamw": ADAMW,
        "steps": steps,
        "greedy": text,
    }


def make() -> None:
    out = folder("families")
    slopes = {heads: baichuan_reference.slopes_of(heads).tolist() for heads in (1, 3, 5, 6, 8, 12, 32, 40, 64)}
    write_json(out / "slopes.json", {"made_by": "test/parity/make_fixtures.py families", "slopes": slopes})
    cases = [
        make_case(out, name, **{"value": 2000 + 1000 * index, **settings})
        for index, (name, settings) in enumerate(CASES.items())
    ]
    write_json(out / "cases.json", {"made_by": "test/parity/make_fixtures.py families", "cases": cases})
