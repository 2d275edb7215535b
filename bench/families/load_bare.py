"""diffusers' own pipeline of a place, loaded as its documentation does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline

from bench.families.places import Place
from bench.families.two_calls import TwoCalls
from bench.tiny_families.family import prior_folder
from core.catalog.schedulers import OWN, SCHEDULERS


def read_by_prior(folder: Path, place: Place, pipeline: Any, **request: Any) -> dict[str, Any]:
    """What the prior in the folder beside makes of the pictures and the prompt."""
    names = ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2")
    encoders = {name: pipeline.components[name] for name in names}
    prior = getattr(diffusers, place.signature.class_name).from_pretrained(f"{folder}-redux", **encoders)
    return dict(prior(**request))


def load_bare(folder: Path, place: Place) -> Any:
    """The pipeline of the place's class, with the scheduler that is compared."""
    loaded = DiffusionPipeline.from_pretrained(folder)
    if place.family.assemble_prior is not None:
        prior = DiffusionPipeline.from_pretrained(prior_folder(folder))
        if place.family.control:
            return TwoCalls(prior, loaded)
        joined = {f"prior_{name}": each for name, each in prior.components.items()}
        pipeline = getattr(diffusers, place.signature.class_name)(**loaded.components, **joined)
    else:
        target = getattr(diffusers, place.signature.facts.then or place.signature.class_name)
        pipeline = loaded if type(loaded) is target else target.from_pipe(loaded)
    pipeline.set_progress_bar_config(disable=True)
    if hasattr(pipeline, "vae"):
        _code_as_darkroom_does(pipeline.vae)
    if place.family.compared_scheduler != OWN:
        scheduler = SCHEDULERS[place.family.compared_scheduler]
        settings = {"clip_sample": False, **scheduler.settings}
        pipeline.scheduler = getattr(diffusers, scheduler.class_name).from_config(pipeline.scheduler.config, **settings)
    return pipeline


def _code_as_darkroom_does(autoencoder: Any) -> None:
    """One picture at a time, in the autoencoder's own dtype.

    JoyImage-Edit decodes its picture in the same call as the result, which rounds otherwise than the result alone: by one of
    256 levels. Z-Image Omni encodes in bfloat16, whatever the autoencoder is in.
    """
    encode, decode = autoencoder.encode, autoencoder.decode

    def decode_rows(latents: torch.Tensor, *arguments: Any, **options: Any) -> Any:
        if len(latents) == 1:
            return decode(latents, *arguments, **options)
        return (torch.cat([decode(row[None], *arguments, **options)[0] for row in latents]),)

    autoencoder.encode = lambda pixels, *arguments, **options: encode(
        pixels.to(autoencoder.dtype), *arguments, **options
    )
    autoencoder.decode = decode_rows
