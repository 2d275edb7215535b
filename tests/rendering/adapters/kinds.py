"""Adapters of other kinds than LoRA, with what each adds to a weight by the definition of its authors.

DoRA: https://arxiv.org/abs/2402.09353; LoHa, LoKr and the middle matrix: https://arxiv.org/abs/2309.14859 (LyCORIS).
"""

from __future__ import annotations

import torch

from tests.rendering.adapters.deltas import Layer, Pairs, Written

#: A linear layer and a convolution of the tiny U-Net, as sd-scripts call them.
LINEAR: Layer = ("unet", "mid_block.attentions.0.transformer_blocks.0.attn1.to_v")
CONVOLUTION: Layer = ("unet", "down_blocks.0.resnets.0.conv1")
RANK = 4
ALPHA = 2.0
SCALE = ALPHA / RANK


def _name(layer: Layer, part: str) -> str:
    return f"lora_unet_{layer[1].replace('.', '_')}.{part}"


def _write(layer: Layer, parts: dict[str, torch.Tensor], delta: torch.Tensor) -> Written:
    tensors = {_name(layer, part): tensor for part, tensor in {**parts, "alpha": torch.tensor(ALPHA)}.items()}
    return Written(tensors, {layer: delta})


def dora(pairs: Pairs, layer: Layer, scale: float = 1.0) -> Written:
    """A magnitude for each output, as a column. What it adds depends on the scale with which it is used."""
    first, second, added = pairs.pair(layer, rank=RANK)
    weight = pairs.weight(layer)
    magnitude = weight.flatten(1).norm(dim=1) * (1.5 + pairs.noise(weight.shape[0]))
    column = magnitude.reshape(-1, *[1] * (weight.dim() - 1))
    direction = weight + scale * SCALE * added[layer]
    length = direction.flatten(1).norm(dim=1).reshape(column.shape)
    parts = {"lora_down.weight": first, "lora_up.weight": second, "dora_scale": column}
    return _write(layer, parts, column * direction / length - weight)


def loha(pairs: Pairs, layer: Layer) -> Written:
    """The product, number by number, of two low-rank matrices; a convolution is one matrix too."""
    weight = pairs.weight(layer)
    outputs, inputs = weight.flatten(1).shape
    halves = [(2 * pairs.noise(outputs, RANK), 2 * pairs.noise(RANK, inputs)) for _ in range(2)]
    parts = {
        f"hada_w{number}_{side}": half
        for number, pair in enumerate(halves, 1)
        for side, half in zip("ab", pair, strict=True)
    }
    [one, other] = [first @ second for first, second in halves]
    return _write(layer, parts, SCALE * (one * other).reshape(weight.shape))


def loha_tucker(pairs: Pairs, layer: Layer) -> Written:
    """The same of a convolution, each half with a kernel of its own."""
    outputs, inputs, *kernel = pairs.weight(layer).shape
    parts: dict[str, torch.Tensor] = {}
    halves = []
    for number in (1, 2):
        core, out, into = (
            pairs.noise(RANK, RANK, *kernel),
            3 * pairs.noise(RANK, outputs),
            3 * pairs.noise(RANK, inputs),
        )
        parts |= {f"hada_t{number}": core, f"hada_w{number}_a": out, f"hada_w{number}_b": into}
        halves.append(torch.einsum("ijkl,jr,ip->prkl", core, into, out))
    return _write(layer, parts, SCALE * halves[0] * halves[1])


def lokr(pairs: Pairs, layer: Layer) -> Written:
    """A small whole matrix, and a low-rank one in place of each of its numbers."""
    weight = pairs.weight(layer)
    outputs, inputs = weight.flatten(1).shape
    small, first, second = 5 * pairs.noise(4, 4), pairs.noise(outputs // 4, RANK), pairs.noise(RANK, inputs // 4)
    parts = {"lokr_w1": small, "lokr_w2_a": first, "lokr_w2_b": second}
    return _write(layer, parts, SCALE * torch.kron(small, first @ second).reshape(weight.shape))


def lokr_whole(pairs: Pairs, layer: Layer) -> Written:
    """Two whole matrices: there is no rank, and the alpha has no effect."""
    weight = pairs.weight(layer)
    outputs, inputs, *kernel = weight.shape
    small, large = pairs.noise(2, 4), pairs.noise(outputs // 2, inputs // 4, *kernel)
    delta = torch.kron(small.reshape(2, 4, *[1] * len(kernel)), large)
    return _write(layer, {"lokr_w1": small, "lokr_w2": large}, delta)


def lokr_both(pairs: Pairs, layer: Layer) -> Written:
    """Both matrices have a low rank; that of a convolution has a kernel."""
    outputs, inputs, *kernel = pairs.weight(layer).shape
    small = (5 * pairs.noise(4, RANK), 5 * pairs.noise(RANK, 4))
    parts = {"lokr_w1_a": small[0], "lokr_w1_b": small[1]}
    if kernel:
        core, out, into = (
            pairs.noise(RANK, RANK, *kernel),
            pairs.noise(RANK, outputs // 4),
            pairs.noise(RANK, inputs // 4),
        )
        parts |= {"lokr_t2": core, "lokr_w2_a": out, "lokr_w2_b": into}
        large = torch.einsum("ijkl,jr,ip->prkl", core, into, out)
    else:
        parts |= {"lokr_w2_a": pairs.noise(outputs // 4, RANK), "lokr_w2_b": pairs.noise(RANK, inputs // 4)}
        large = parts["lokr_w2_a"] @ parts["lokr_w2_b"]
    delta = torch.kron((small[0] @ small[1]).reshape(4, 4, *[1] * len(kernel)), large.contiguous())
    return _write(layer, parts, SCALE * delta)


def middle(pairs: Pairs, layer: Layer) -> Written:
    """A convolution of three: 1 x 1, the kernel, 1 x 1."""
    outputs, inputs, *kernel = pairs.weight(layer).shape
    down, mid, up = pairs.noise(RANK, inputs, 1, 1), pairs.noise(RANK, RANK, *kernel), pairs.noise(outputs, RANK, 1, 1)
    delta = torch.einsum("or,rskl,si->oikl", up.flatten(1), mid, down.flatten(1))
    return _write(layer, {"lora_down.weight": down, "lora_mid.weight": mid, "lora_up.weight": up}, SCALE * delta)
