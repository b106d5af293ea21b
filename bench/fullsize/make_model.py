"""A folder like Baichuan2-7B-Base with random weights: its shapes, names and files, `<pad>` trap included.

python make_model.py FOLDER [--layers 32] [--hidden 4096] …: weights in bfloat16 as `pytorch_model.bin` shards with their index,
a SentencePiece model with Baichuan2's special ids, and a tokenizer class written in Python (which nothing runs).
Needs torch, sentencepiece and protobuf. Made test/e2e/fixtures/baichuan2 too:

  make_model.py test/e2e/fixtures/baichuan2 --layers 2 --hidden 32 --intermediate 48 --heads 4 --vocab 640 --layers-per-shard 2
"""

import argparse
import itertools
import json
import os
import tempfile

import sentencepiece
import torch
from sentencepiece import sentencepiece_model_pb2 as protobuf

FIRST_RESERVED = 89  # <reserved_106> is 195, the user's mark; <reserved_107> is 196, the assistant's


def trained_pieces(texts: list[str]) -> list[tuple[str, float]]:
    """Pieces of a BPE model trained on `texts`, without the special ones."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "texts")
        with open(source, "w") as file:
            file.writelines(text + "\n" for text in texts)
        sentencepiece.SentencePieceTrainer.train(
            input=source, model_prefix=os.path.join(folder, "m"), model_type="bpe", vocab_size=4000,
            hard_vocab_limit=False, character_coverage=1.0, split_digits=True, minloglevel=2,
        )  # fmt: skip
        model = protobuf.ModelProto()
        with open(os.path.join(folder, "m.model"), "rb") as file:
            model.ParseFromString(file.read())
    return [(piece.piece, piece.score) for piece in model.pieces if piece.type == piece.NORMAL]


def write_tokenizer(folder: str, vocabulary: int, texts: list[str]) -> None:
    """`tokenizer.model` with `vocabulary` pieces: special ones at Baichuan2's ids, bytes, then a trained BPE model's, filled up with pairs."""
    model = protobuf.ModelProto()
    model.trainer_spec.model_type = protobuf.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.vocab_size = vocabulary
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    kinds = protobuf.ModelProto.SentencePiece
    for piece, kind in (("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)):
        model.pieces.add(piece=piece, score=0, type=kind)
    special = [f"<special_{i}>" for i in range(3, FIRST_RESERVED)] + [f"<reserved_{i}>" for i in range(200)]
    for piece in special:
        model.pieces.add(piece=piece, score=0, type=kinds.USER_DEFINED)
    for byte in range(256):
        model.pieces.add(piece=f"<0x{byte:02X}>", score=0, type=kinds.BYTE)
    pieces = trained_pieces(texts)
    known = {piece for piece, _ in pieces}
    characters = sorted(piece for piece in known if len(piece) == 1)
    pairs = ("".join(pair) for pair in itertools.product(characters, repeat=2))
    fill = (pair for pair in pairs if pair not in known)
    for at, piece in enumerate(itertools.chain((piece for piece, _ in pieces), fill)):
        if len(model.pieces) == vocabulary:
            break
        model.pieces.add(piece=piece, score=-float(at), type=kinds.NORMAL)
    assert len(model.pieces) == vocabulary, f"only {len(model.pieces)} pieces: the texts have too few characters"
    assert model.pieces[195].piece == "<reserved_106>"
    with open(os.path.join(folder, "tokenizer.model"), "wb") as file:
        file.write(model.SerializeToString())


def shapes(layers: int, vocabulary: int, hidden: int, intermediate: int) -> list[list[tuple[str, tuple[int, ...]]]]:
    """Names and shapes of all weights, a group for each layer, one for the embedding and one for the end."""
    groups = [[("model.embed_tokens.weight", (vocabulary, hidden))]]
    for layer in range(layers):
        block = {
            "self_attn.W_pack": (3 * hidden, hidden), "self_attn.o_proj": (hidden, hidden),
            "mlp.gate_proj": (intermediate, hidden), "mlp.up_proj": (intermediate, hidden),
            "mlp.down_proj": (hidden, intermediate), "input_layernorm": (hidden,), "post_attention_layernorm": (hidden,),
        }  # fmt: skip
        groups.append([(f"model.layers.{layer}.{name}.weight", shape) for name, shape in block.items()])
    groups.append([("model.norm.weight", (hidden,)), ("lm_head.weight", (vocabulary, hidden))])
    return groups


def write_weights(folder: str, groups: list[list[tuple[str, tuple[int, ...]]]], layers_per_shard: int) -> None:
    """Normal weights of deviation 0.02, norms of 1, in `pytorch_model-*.bin` with their index."""
    torch.manual_seed(0)
    shards = [groups[at : at + layers_per_shard] for at in range(0, len(groups), layers_per_shard)]
    index = {"metadata": {"total_size": 0}, "weight_map": {}}
    for number, shard in enumerate(shards, 1):
        file = f"pytorch_model-{number:05}-of-{len(shards):05}.bin"
        tensors = {}
        for name, shape in itertools.chain(*shard):
            tensor = torch.empty(shape, dtype=torch.bfloat16)
            tensors[name] = tensor.fill_(1) if len(shape) == 1 else tensor.normal_(0, 0.02)
            index["weight_map"][name] = file
            index["metadata"]["total_size"] += tensor.nbytes
        torch.save(tensors, os.path.join(folder, file))
    write_json(folder, "pytorch_model.bin.index.json", index)


def write_json(folder: str, name: str, value: object) -> None:
    with open(os.path.join(folder, name), "w") as file:
        json.dump(value, file, indent=2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    sizes = {"layers": 32, "hidden": 4096, "intermediate": 11008, "heads": 32, "vocab": 125696, "layers-per-shard": 8}
    for name, default in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    docs = os.path.join(here, "../../docs")
    texts = [open(os.path.join(docs, name)).read() for name in sorted(os.listdir(docs)) if name.endswith(".md")]
    lines = [line for text in texts for line in text.splitlines() if line]
    write_tokenizer(options.folder, options.vocab, lines)
    write_json(options.folder, "config.json", {
        "architectures": ["BaichuanForCausalLM"],
        "auto_map": {"AutoConfig": "configuration_baichuan.BaichuanConfig", "AutoModelForCausalLM": "modeling_baichuan.BaichuanForCausalLM"},
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "hidden_act": "silu", "hidden_size": options.hidden, "initializer_range": 0.02,
        "intermediate_size": options.intermediate, "max_position_embeddings": 4096, "model_max_length": 4096, "model_type": "baichuan",
        "num_attention_heads": options.heads, "num_hidden_layers": options.layers, "rms_norm_eps": 1e-6, "tie_word_embeddings": False,
        "torch_dtype": "bfloat16", "use_cache": True, "vocab_size": options.vocab, "_from_model_config": True, "z_loss_weight": 0,
    })  # fmt: skip
    write_json(options.folder, "tokenizer_config.json", {
        "add_bos_token": False, "add_eos_token": False, "auto_map": {"AutoTokenizer": ["tokenization_baichuan.BaichuanTokenizer", None]},
        "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<unk>", "model_max_length": 4096,
        "tokenizer_class": "BaichuanTokenizer", "use_fast": False,
    })  # fmt: skip
    write_json(options.folder, "special_tokens_map.json", {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<unk>", "unk_token": "<unk>"})
    write_json(options.folder, "added_tokens.json", {"<pad>": options.vocab})
    write_json(options.folder, "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "do_sample": False, "max_new_tokens": 2048})
    for name in ("configuration", "modeling", "tokenization"):
        with open(os.path.join(options.folder, f"{name}_baichuan.py"), "w") as file:
            file.write('raise SystemExit("code of the model folder was run")\n')
    groups = shapes(options.layers, options.vocab, options.hidden, options.intermediate)
    write_weights(options.folder, groups, options.layers_per_shard)


main()
