"""A real llama model of half a megabyte with random weights and a byte vocabulary: it answers nonsense, fast."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

HEADS = 4
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "


def build_tiny_gguf(path: Path, *, context: int = 16_384, width: int = 64, layers: int = 2, ffn: int = 128) -> Path:
    """Writes the model and returns its path. Vocabulary: unk, bos, eos and the 256 bytes; printable ASCII is likelier."""
    tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(256))]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, *[gguf.TokenType.BYTE] * 256]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny-random")
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(ffn)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(width // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)
    for name, tensor in _tensors(len(tokens), width, layers, ffn).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def build_heavy_gguf(path: Path) -> Path:
    """The same with a few hundred megabytes of weights, so that loading takes long enough to be seen."""
    return build_tiny_gguf(path, width=2048, layers=4, ffn=4096)


def _tensors(vocabulary: int, width: int, layers: int, ffn: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)

    def noise(*shape: int) -> np.ndarray:
        return random.standard_normal(shape, dtype=np.float32) * np.float32(4 / width**0.5)

    ones = np.ones(width, dtype=np.float32)
    output = noise(vocabulary, width)
    output[:3] = 0.0
    output[3 + 0x20 : 3 + 0x7F] *= 6.0  # so that most of what it says is readable and it rarely stops
    tensors = {"token_embd.weight": noise(vocabulary, width), "output_norm.weight": ones, "output.weight": output}
    for layer in range(layers):
        head = f"blk.{layer}."
        tensors |= {f"{head}attn_{part}.weight": noise(width, width) for part in ("q", "k", "v", "output")}
        tensors |= {f"{head}attn_norm.weight": ones, f"{head}ffn_norm.weight": ones}
        tensors |= {f"{head}ffn_gate.weight": noise(ffn, width), f"{head}ffn_up.weight": noise(ffn, width)}
        tensors |= {f"{head}ffn_down.weight": noise(width, ffn)}
    return tensors
