"""Tiny safety checkers of diffusers' own classes, and what they object to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from diffusers.pipelines.deepfloyd_if.safety_checker import IFSafetyChecker
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

from bench.tiny_families import FAMILIES

#: Sides of the pictures that the checkers read, in pixels.
_SIDE = 32
_SMALL = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
_CONFIG = transformers.CLIPConfig(
    text_config=_SMALL, vision_config=_SMALL | {"image_size": _SIDE, "patch_size": 8}, projection_dim=32
)


def build_checker() -> StableDiffusionSafetyChecker:
    """Stable Diffusion's, with random weights. It objects to nothing."""
    torch.manual_seed(0)
    checker = StableDiffusionSafetyChecker(_CONFIG)
    # What a picture's likeness to a concept, at most 1, has to exceed.
    torch.nn.init.constant_(checker.concept_embeds_weights, 2.0)
    torch.nn.init.constant_(checker.special_care_embeds_weights, 2.0)
    return checker


def build_if_checker(*, unsafe: bool, watermark: bool) -> IFSafetyChecker:
    """DeepFloyd IF's, which finds the same in every picture."""
    checker = IFSafetyChecker(_CONFIG)
    for head, is_found in ((checker.p_head, unsafe), (checker.w_head, watermark)):
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.constant_(head.bias, float(is_found))
    return checker


def build_extractor() -> transformers.CLIPImageProcessor:
    """What makes the checkers' input from pictures."""
    return transformers.CLIPImageProcessor(size={"shortest_edge": _SIDE}, crop_size=_SIDE)


def build_checked_model(family_id: str, folder: Path) -> None:
    """Write the tiny model of a family with a checker into the folder, as repositories of Stable Diffusion 1 have it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pipeline = FAMILIES[family_id].assemble()
        checked = {"safety_checker": build_checker(), "feature_extractor": build_extractor()}
        type(pipeline)(**pipeline.components | checked).save_pretrained(folder)


@contextmanager
def noted_inputs(checker: StableDiffusionSafetyChecker) -> Iterator[list[torch.Tensor]]:
    """What the checker is given in the block to judge from: [3, side, side] for each picture."""
    noted: list[torch.Tensor] = []

    def note(_checker: Any, _positional: Any, named: dict[str, Any]) -> None:
        noted.extend(named["clip_input"])

    handle = checker.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield noted
    finally:
        handle.remove()


def object_to(checker: StableDiffusionSafetyChecker, inputs: Sequence[torch.Tensor], withheld: set[int]) -> None:
    """Let the checker object to those of the pictures, given by its inputs, and to none of the others."""
    with torch.no_grad():
        embeds = checker.visual_projection(checker.vision_model(torch.stack(list(inputs)))[1])
        is_withheld = torch.tensor([position in withheld for position in range(len(inputs))])
        # What sets them apart from the others; for all of them, what they have in common.
        others = embeds[~is_withheld] if not is_withheld.all() else torch.zeros_like(embeds)
        concept = embeds[is_withheld].mean(0) - others.mean(0)
        likeness = torch.nn.functional.cosine_similarity(embeds, concept[None])
        lowest, highest = float(likeness[is_withheld].min()), max(map(float, likeness[~is_withheld]), default=-1.0)
        # The checker rounds to three decimals.
        assert lowest - highest > 0.01
        checker.concept_embeds.copy_(concept.expand_as(checker.concept_embeds))
        checker.concept_embeds_weights.fill_((lowest + highest) / 2)
