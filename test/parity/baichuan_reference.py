"""Baichuan's four architectures on transformers' Llama, for fixture_families.py.

The published modelling code (baichuan-inc/Baichuan-7B, -13B, Baichuan2) needs transformers 4.29 and remote code, so the
reference is put together from parts that others maintain: transformers' LlamaForCausalLM (norms, MLP, rotary tables,
residuals), q, k and v as rows of one `W_pack`, transformers' Bloom for the slopes of ALiBi, and
`torch.nn.functional.normalize` on the head's rows for NormHead. Module names are the published ones, so that PEFT puts
one LoRA on `W_pack`. `checked` compares it with plain Llama and with Bloom's own form of the bias.
"""

import torch
from torch import nn
from torch.nn import functional


class PackedAttention(nn.Module):
    """Causal attention whose projections are stacked: rows 0..h-1 of W_pack give q, then k, then v."""

    def __init__(self, hidden: int, heads: int, slopes: torch.Tensor | None):
        super().__init__()
        self.heads = heads
        self.slopes = slopes
        self.W_pack = nn.Linear(hidden, 3 * hidden, bias=False)
        self.o_proj = nn.Linear(hidden, hidden, bias=False)

    def forward(self, hidden_states, position_embeddings=None, **_):
        from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

        batch, length, _ = hidden_states.shape
        packed = self.W_pack(hidden_states).view(batch, length, 3, self.heads, -1)
        q, k, v = packed.permute(2, 0, 3, 1, 4)
        if self.slopes is None:
            q, k = apply_rotary_pos_emb(q, k, *position_embeddings)
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        place = torch.arange(length)
        distance = place[None, :] - place[:, None]  # j - i
        if self.slopes is not None:
            scores = scores + self.slopes[:, None, None] * distance
        scores = scores.masked_fill(distance > 0, float("-inf")).softmax(-1, dtype=torch.float32)
        mixed = (scores @ v).transpose(1, 2).reshape(batch, length, -1)
        return self.o_proj(mixed), None


class NormHead(nn.Module):
    """Logits by rows of unit length; the gradient goes through the normalization."""

    def __init__(self, hidden: int, vocab: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(vocab, hidden))

    def forward(self, hidden_states):
        return functional.linear(hidden_states, functional.normalize(self.weight, dim=-1, eps=1e-12))


def slopes_of(heads: int) -> torch.Tensor:
    """[heads] by transformers' Bloom."""
    from transformers.models.bloom.modeling_bloom import build_alibi_tensor

    return build_alibi_tensor(torch.ones(1, 2), heads, torch.float32)[:, 0, 1]


def llama_config(config: dict):
    from transformers import LlamaConfig

    return LlamaConfig(
        **{key: config[key] for key in ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers")},
        **{key: config[key] for key in ("num_attention_heads", "rms_norm_eps", "pad_token_id")},
        num_key_value_heads=config["num_attention_heads"],
        tie_word_embeddings=False,
        max_position_embeddings=config.get("max_position_embeddings", 4096),
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )


def build(config: dict):
    """The reference of one config.json as published, with uninitialized weights."""
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM._from_config(llama_config(config), attn_implementation="eager", dtype=torch.float32)
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    slopes = None if "max_position_embeddings" in config else slopes_of(heads)
    for layer in model.model.layers:
        layer.self_attn = PackedAttention(hidden, heads, slopes)
    if "z_loss_weight" in config:
        model.lm_head = NormHead(hidden, config["vocab_size"])
    return model


def check(model, config: dict, ids: list[int]) -> None:
    """Asserts that the model is what plain Llama computes from the same weights, or with Bloom's bias in its form."""
    from transformers import LlamaForCausalLM
    from transformers.models.bloom.modeling_bloom import build_alibi_tensor

    plain = LlamaForCausalLM._from_config(llama_config(config), attn_implementation="eager", dtype=torch.float32)
    state = {}
    for name, value in model.state_dict().items():
        if "W_pack" in name:
            for part, rows in zip("qkv", value.chunk(3)):
                state[name.replace("W_pack", f"{part}_proj")] = rows
        elif name == "lm_head.weight" and "z_loss_weight" in config:
            state[name] = value / value.norm(dim=-1, keepdim=True)
        else:
            state[name] = value
    plain.load_state_dict(state)
    length = len(ids)
    inputs = {"input_ids": torch.tensor([ids])}
    if "max_position_embeddings" not in config:
        # No rotation, and Bloom's bias, which is slope * j: softmax makes it equal to slope * (j - i).
        plain.model.rotary_emb.forward = lambda x, position_ids: (torch.ones(1, length, 1), torch.zeros(1, length, 1))
        bias = build_alibi_tensor(torch.ones(1, length), config["num_attention_heads"], torch.float32)
        inputs["attention_mask"] = bias[None] + torch.full((length, length), float("-inf")).triu(1)
    with torch.no_grad():
        difference = (plain(**inputs).logits - model(torch.tensor([ids])).logits).abs().max()
    assert difference < 1e-5, difference
