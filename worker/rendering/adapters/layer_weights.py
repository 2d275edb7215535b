"""The tensors with which a LoRA's file adapts one layer, brought into the shapes that peft expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch

from worker.rendering.adapters.tensor_names import LOHA_PARTS, LOKR_PARTS

Kind = Literal["lora", "loha", "lokr"]


class Unusable(Exception):
    """A layer of the file cannot be used. The message says why, as the end of a sentence about the layer."""


@dataclass(frozen=True)
class LayerWeights:
    """The parts of one layer's adapter."""

    kind: Kind
    #: By the names of tensor_names.py, without `alpha`.
    parts: Mapping[str, torch.Tensor]
    rank: int
    #: The adapter works with alpha / rank.
    alpha: float

    @property
    def is_dora(self) -> bool:
        """Whether it also sets the length of the layer's weights, output by output."""
        return "magnitude" in self.parts

    @property
    def has_bias(self) -> bool:
        """Whether its second matrix has a bias."""
        return "lora_B.bias" in self.parts


def build_layer(parts: Mapping[str, torch.Tensor], find_alpha: Callable[[int], float | None]) -> LayerWeights:
    """The layer of these parts. `find_alpha` returns what stands outside of the file's tensors for a rank. Without any alpha the
    layer works as it was trained, with alpha = rank. Raises Unusable if a part is missing, or one does not go with the others.
    """
    names = set(parts) - {"alpha"}
    if not names:
        raise Unusable("has an alpha and nothing else")
    if names & LOHA_PARTS:
        kind: Kind = "loha"
        _demand(names, {"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"})
        if ("hada_t1" in names) != ("hada_t2" in names):
            raise Unusable("has one of hada_t1 and hada_t2 without the other")
        rank = parts["hada_w1_b"].shape[0]
    elif names & LOKR_PARTS:
        kind = "lokr"
        divided = [factor for factor in ("lokr_w2", "lokr_w1") if factor not in names]
        _demand(names, {f"{factor}_{half}" for factor in divided for half in "ab"})
        # Two whole factors have no rank, and LyCORIS leaves the alpha aside.
        rank = parts[f"{divided[0]}_b"].shape[0] if divided else 1
        parts = {name: part for name, part in parts.items() if divided or name != "alpha"}
    else:
        kind = "lora"
        _demand(names, {"lora_A", "lora_B"})
        parts = _with_magnitude(_without_middle(parts))
        rank = parts["lora_A"].shape[0]
        if parts["lora_B"].shape[1] != rank:
            raise Unusable(f"has two matrices of the ranks {rank} and {parts['lora_B'].shape[1]}")
    if kind != "lora" and not names <= (LOHA_PARTS if kind == "loha" else LOKR_PARTS):
        mixed = "the magnitudes of a DoRA" if names & {"magnitude", "dora_scale"} else "parts of another kind"
        raise Unusable(f"is a {'LoHa' if kind == 'loha' else 'LoKr'} with {mixed}, which peft does not have")
    alpha = float(parts["alpha"]) if "alpha" in parts else find_alpha(rank)
    tensors = {name: part for name, part in parts.items() if name != "alpha"}
    return LayerWeights(kind, tensors, rank, float(rank) if alpha is None else alpha)


def fit_layer(layer: LayerWeights, weight: torch.Tensor) -> LayerWeights:
    """The layer in the shapes of the weight [outputs, inputs, …] that it changes. Raises Unusable if it is of another size."""
    wanted = tuple(weight.shape)
    if layer.kind == "lora":
        layer = _fit_lora(layer, wanted)
    found = _covered_shape(layer)
    # A 1 x 1 convolution and a linear layer are the same.
    if found[0] != wanted[0] or found[1:].numel() != torch.Size(wanted[1:]).numel():
        raise Unusable(f"changes a weight of {list(found)} instead of {list(wanted)}")
    return layer


def take_rows(layer: LayerWeights, rows: slice) -> LayerWeights:
    """What the layer does to these outputs. Raises Unusable for a Kronecker product that has no border there."""
    cut = dict(layer.parts)
    if layer.kind == "lora":
        for name in ("lora_B", "lora_B.bias", "magnitude"):
            if name in cut:
                cut[name] = cut[name][rows].contiguous()
    elif layer.kind == "loha":
        for name in ("hada_w1_a", "hada_w2_a"):
            cut[name] = (cut[name][:, rows] if "hada_t1" in cut else cut[name][rows]).contiguous()
    else:
        name = "lokr_w1" if "lokr_w1" in cut else "lokr_w1_a"
        block = (cut["lokr_w2"] if "lokr_w2" in cut else cut["lokr_w2_a"]).shape[1 if "lokr_t2" in cut else 0]
        if rows.start % block or rows.stop % block:
            raise Unusable(
                "is a LoKr of layers that this model has apart: its Kronecker product cannot be divided there"
            )
        cut[name] = cut[name][rows.start // block : rows.stop // block].contiguous()
    return replace(layer, parts=cut)


def swap_halves(layer: LayerWeights) -> LayerWeights:
    """The layer with the two halves of its outputs exchanged."""
    if layer.kind != "lora":
        raise Unusable("has the halves of its outputs the other way round, which only a LoRA can follow")
    half = _covered_shape(layer)[0] // 2
    names = [name for name in ("lora_B", "lora_B.bias", "magnitude") if name in layer.parts]
    return replace(layer, parts={**layer.parts, **{name: layer.parts[name].roll(half, dims=0) for name in names}})


def _demand(names: set[str], needed: set[str]) -> None:
    if missing := sorted(needed - names):
        raise Unusable(f"has no {missing[0]}")


def _without_middle(parts: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A LoRA whose middle matrix [rank, rank, height, width] is multiplied into the first: the same convolution."""
    parts = dict(parts)
    if "middle" in parts:
        middle = parts.pop("middle")
        first = parts["lora_A"].flatten(1).float()
        parts["lora_A"] = torch.einsum("rshw,si->rihw", middle.float(), first).to(middle.dtype)
    return parts


def _with_magnitude(parts: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A DoRA's magnitudes as [outputs]. LyCORIS and OneTrainer write them as a column, or as a row with one for each input."""
    parts = dict(parts)
    if "magnitude" in parts:
        parts["magnitude"] = parts["magnitude"].flatten()
    if "dora_scale" in parts:
        magnitude, outputs = parts.pop("dora_scale"), parts["lora_B"].shape[0]
        if magnitude.shape[0] != outputs:
            raise Unusable(
                f"is a DoRA with {magnitude.numel()} magnitudes, one for each input; peft has one for each of the {outputs} outputs"
            )
        parts["magnitude"] = magnitude.flatten()
    return parts


def _fit_lora(layer: LayerWeights, wanted: tuple[int, ...]) -> LayerWeights:
    parts = dict(layer.parts)
    first, second = parts["lora_A"], parts["lora_B"]
    if first[0].numel() == torch.Size(wanted[1:]).numel():
        parts["lora_A"] = first.reshape(first.shape[0], *wanted[1:])
    kernel = [1] * (len(wanted) - 2)
    parts["lora_B"] = second.reshape(*second.shape[:2], *kernel)
    if layer.is_dora and kernel:
        parts["magnitude"] = parts["magnitude"].reshape(1, -1, *kernel)
    return replace(layer, parts=parts)


def _covered_shape(layer: LayerWeights) -> torch.Size:
    """[outputs, inputs, …] of the weight that the layer changes."""
    parts = layer.parts
    if layer.kind == "lora":
        return torch.Size((parts["lora_B"].shape[0], *parts["lora_A"].shape[1:]))
    if layer.kind == "loha":
        if "hada_t1" in parts:
            return torch.Size((parts["hada_w1_a"].shape[1], parts["hada_w1_b"].shape[1], *parts["hada_t1"].shape[2:]))
        return torch.Size((parts["hada_w1_a"].shape[0], parts["hada_w1_b"].shape[1]))
    outputs_1, inputs_1 = _factor_shape(parts, "lokr_w1")[:2]
    outputs_2, inputs_2, *kernel = _factor_shape(parts, "lokr_w2")
    return torch.Size((outputs_1 * outputs_2, inputs_1 * inputs_2, *kernel))


def _factor_shape(parts: Mapping[str, torch.Tensor], factor: str) -> tuple[int, ...]:
    if factor in parts:
        return tuple(parts[factor].shape)
    first, second = parts[f"{factor}_a"], parts[f"{factor}_b"]
    if factor == "lokr_w2" and "lokr_t2" in parts:
        return (first.shape[1], second.shape[1], *parts["lokr_t2"].shape[2:])
    return (first.shape[0], second.shape[1])
