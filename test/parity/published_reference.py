"""InternLM2 and ChatGLM2/3/GLM-4-9B on transformers' Llama and GLM, for fixture_families.py.

Their published modelling code (internlm/internlm2-*, THUDM/chatglm3-6b, glm-4-9b) is remote code for old versions of
transformers. The reference is put together from parts that others maintain: transformers' LlamaForCausalLM and
GlmForCausalLM (norms, MLP, rotary tables, rotation, residuals), whose modules get the published names, with an attention
whose q, k and v are rows of one layer in the published order. PEFT so puts its adapters on the published modules. `check`
compares it with plain Llama or GLM of the same weights taken apart.
"""

import torch
from torch import nn

NAMES = {
    "internlm2": {
        "": {"lm_head": "output"},
        "model": {"embed_tokens": "tok_embeddings"},
        "layer": {
            "self_attn": "attention",
            "mlp": "feed_forward",
            "input_layernorm": "attention_norm",
            "post_attention_layernorm": "ffn_norm",
        },
        "attention": {"qkv": "wqkv", "o": "wo"},
        "mlp": {"gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"},
    },
    "chatglm": {
        "layer": {"self_attn": "self_attention"},
        "attention": {"qkv": "query_key_value", "o": "dense"},
        "mlp": {"gate_up_proj": "dense_h_to_4h", "down_proj": "dense_4h_to_h"},
    },
}


def rename(module: nn.Module, names: dict[str, str]) -> None:
    """Gives child modules other names; the module's own code still finds them by the old ones."""
    kind = type(module)
    old_names = {old: property(lambda self, new=new: self._modules[new]) for old, new in names.items()}
    module.__class__ = type(kind.__name__, (kind,), old_names)
    # In the order of the old ones.
    children = {names.get(name, name): child for name, child in module._modules.items()}
    module._modules.clear()
    module._modules.update(children)


class FusedAttention(nn.Module):
    """Causal attention whose q, k and v are rows of one layer; `order` takes its output apart."""

    def __init__(self, settings, layer: int, order, rotate, biases: tuple[bool, bool]):
        super().__init__()
        self.layer = layer
        heads, key_heads = settings.num_attention_heads, settings.num_key_value_heads
        self.head_dim = settings.head_dim
        self.counts, self.order, self.rotate = (heads, key_heads), order, rotate
        width = (heads + 2 * key_heads) * self.head_dim
        self.qkv = nn.Linear(settings.hidden_size, width, bias=biases[0])
        self.o = nn.Linear(heads * self.head_dim, settings.hidden_size, bias=biases[1])

    def forward(self, hidden_states, position_embeddings=None, past_key_values=None, **_):
        batch, length, _ = hidden_states.shape
        rows = self.qkv(hidden_states).view(batch, length, -1, self.head_dim)  # [batch, length, heads of all, head_dim]
        q, k, v = (part.transpose(1, 2) for part in self.order(rows, 2, *self.counts))
        q, k = self.rotate(q, k, *position_embeddings)
        if past_key_values is not None:
            k, v = past_key_values.update(k, v, self.layer)
        shared = self.counts[0] // self.counts[1]
        k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
        scores = q @ k.transpose(-1, -2) / self.head_dim**0.5
        longest = k.shape[2]
        later = torch.ones(length, longest, dtype=torch.bool).triu(longest - length + 1)
        scores = scores.masked_fill(later, float("-inf"))
        mixed = (scores.softmax(-1, dtype=torch.float32) @ v).transpose(1, 2).reshape(batch, length, -1)
        return self.o(mixed), None


def by_groups(rows: torch.Tensor, dim: int, heads: int, key_heads: int):
    """InternLM2: for each key head the query heads that share it, its keys, its values."""
    group = heads // key_heads
    place = torch.arange(heads + 2 * key_heads).view(key_heads, group + 2)
    return [rows.index_select(dim, part.flatten()) for part in (place[:, :group], place[:, group], place[:, group + 1])]


def by_kind(rows: torch.Tensor, dim: int, heads: int, key_heads: int):
    """ChatGLM: all query heads, all keys, all values."""
    return rows.split([heads, key_heads, key_heads], dim)


def settings_of(config: dict):
    """The equal configuration of Llama or GLM."""
    from transformers import GlmConfig, LlamaConfig

    if config["model_type"] == "internlm2":
        same = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "rms_norm_eps")
        same += ("num_key_value_heads", "max_position_embeddings", "pad_token_id", "tie_word_embeddings")
        scaling = config["rope_scaling"] or {"type": "default"}
        rope = {"rope_theta": config["rope_theta"], "rope_type": scaling["type"]}
        rope |= {"factor": scaling["factor"]} if "factor" in scaling else {}
        return LlamaConfig(**{key: config[key] for key in same}, rope_parameters=rope, attention_bias=config["bias"])
    return GlmConfig(
        vocab_size=config["padded_vocab_size"],
        hidden_size=config["hidden_size"],
        intermediate_size=config["ffn_hidden_size"],
        num_hidden_layers=config["num_layers"],
        num_attention_heads=config["num_attention_heads"],
        num_key_value_heads=config["multi_query_group_num"],
        head_dim=config["kv_channels"],
        max_position_embeddings=config["seq_length"],
        rms_norm_eps=config["layernorm_epsilon"],
        attention_bias=config["add_qkv_bias"] or config["add_bias_linear"],
        tie_word_embeddings=False,
        # The published embedding has no padding token.
        pad_token_id=None,
        rope_parameters={
            "rope_type": "default",
            "rope_theta": 10000.0 * config.get("rope_ratio", 1),
            "partial_rotary_factor": 0.5,
        },
    )


def plain(config: dict):
    """Llama or GLM itself; ChatGLM's `add_bias_linear` gives every linear layer a bias."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_config(settings_of(config), attn_implementation="eager", dtype=torch.float32)
    if config.get("add_bias_linear"):
        for layer in model.model.layers:
            for parent, name in ((layer.self_attn, "o_proj"), (layer.mlp, "gate_up_proj"), (layer.mlp, "down_proj")):
                linear = getattr(parent, name)
                setattr(parent, name, nn.Linear(linear.in_features, linear.out_features, bias=True))
    return model


class Holder(nn.Module):
    """A module that only names another."""


def build(config: dict):
    """The reference of one config.json as published, with uninitialized weights."""
    from transformers.models.glm import modeling_glm
    from transformers.models.llama import modeling_llama

    family = config["model_type"]
    names = NAMES[family]
    model = plain(config)
    settings = model.config
    for index, layer in enumerate(model.model.layers):
        if family == "internlm2":
            biases = (config["bias"], config["bias"])
            layer.self_attn = FusedAttention(settings, index, by_groups, modeling_llama.apply_rotary_pos_emb, biases)
        else:
            biases = (settings.attention_bias, config["add_bias_linear"])
            layer.self_attn = FusedAttention(settings, index, by_kind, modeling_glm.apply_rotary_pos_emb, biases)
        rename(layer.self_attn, names["attention"])
        rename(layer.mlp, names["mlp"])
        rename(layer, names["layer"])
    if family == "internlm2":
        rename(model.model, names["model"])
        rename(model, names[""])
    else:
        nest(model)
    return model


def nest(model: nn.Module) -> None:
    """ChatGLM's tree: transformer.{embedding.word_embeddings, encoder.{layers, final_layernorm}, output_layer}."""
    inner = model.model
    embedding, encoder = Holder(), Holder()
    embedding.word_embeddings, encoder.layers, encoder.final_layernorm = inner.embed_tokens, inner.layers, inner.norm
    find = {
        "embed_tokens": lambda self: self._modules["embedding"].word_embeddings,
        "layers": lambda self: self._modules["encoder"].layers,
        "norm": lambda self: self._modules["encoder"].final_layernorm,
    }
    kind = type(inner)
    inner.__class__ = type(kind.__name__, (kind,), {name: property(get) for name, get in find.items()})
    for name in find:
        del inner._modules[name]
    inner._modules |= {"embedding": embedding, "encoder": encoder, "output_layer": model._modules.pop("lm_head")}
    outer = type(model)
    find = {"model": lambda self: self._modules["transformer"], "lm_head": lambda self: self.transformer.output_layer}
    model.__class__ = type(outer.__name__, (outer,), {name: property(get) for name, get in find.items()})
    model._modules["transformer"] = model._modules.pop("model")


def buffers(config: dict, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """What published files hold beside weights."""
    if config["model_type"] == "internlm2":
        return {}
    dim = config["kv_channels"] // 2
    return {"transformer.rotary_pos_emb.inv_freq": (1 / 10000 ** (torch.arange(0, dim, 2) / dim)).to(dtype)}


def check(model, config: dict, ids: list[int]) -> None:
    """Asserts that the model is what plain Llama or GLM computes from the same weights taken apart."""
    reference = plain(config)
    order = by_groups if config["model_type"] == "internlm2" else by_kind
    settings = reference.config
    counts = (settings.num_attention_heads, settings.num_key_value_heads)
    state = {}
    for (_, value), name in zip(model.state_dict().items(), published_to_plain(model)):
        if ".qkv." in name:
            heads = value.view(-1, settings.head_dim, *value.shape[1:])
            for part, rows in zip("qkv", order(heads, 0, *counts)):
                state[name.replace(".qkv.", f".{part}_proj.")] = rows.reshape(-1, *value.shape[1:])
        else:
            state[name] = value
    reference.load_state_dict(state)
    inputs = torch.tensor([ids])
    with torch.no_grad():
        expected = reference(inputs).logits
        difference = (expected - model(inputs).logits).abs().max() / expected.abs().max()
    assert difference < 1e-5, difference


def published_to_plain(model) -> list[str]:
    """Llama's or GLM's name of every weight, in the order of the state; `qkv` for the fused layer."""
    replaced = {
        "transformer.embedding.word_embeddings": "model.embed_tokens",
        "transformer.encoder.final_layernorm": "model.norm",
        "transformer.encoder.layers": "model.layers",
        "transformer.output_layer": "lm_head",
        "model.tok_embeddings": "model.embed_tokens",
    }
    for names in NAMES.values():
        for kind in ("layer", "mlp"):
            replaced |= {f".{new}.": f".{old}." for old, new in names[kind].items()}
        replaced |= {f".{new}.": f".{'qkv' if old == 'qkv' else 'o_proj'}." for old, new in names["attention"].items()}
    result = []
    for name in model.state_dict():
        plain_name = "lm_head.weight" if name == "output.weight" else name
        for published, own in replaced.items():
            plain_name = plain_name.replace(published, own)
        result.append(plain_name)
    return result
