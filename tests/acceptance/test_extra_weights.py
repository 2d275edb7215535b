"""A model with several ControlNets, an IP-Adapter, another autoencoder and words of its own, over HTTP to the picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, StableDiffusionControlNetPipeline
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPVisionModelWithProjection

from bench.families.render import Drawn
from bench.models_file import write_section
from bench.tiny_families.every import EVERY_FAMILY
from bench.tiny_families.text_encoders import WIDTH
from infra.local import LocalStack
from tests.acceptance.beside_picturebook import write_models_file
from tests.acceptance.customer import Customer, open_account
from tests.rendering.extras.proof import draw_bare, draw_picture
from tests.rendering.extras.tiny_ip_adapter import write_ip_adapter
from tests.unit.pictures import data_uri, encode
from tests.warm.start_warm import start_warm

PROMPT = "a red mug in inkstyle"
NUMBERS: dict[str, Any] = {"controlnet_conditioning_scale": [0.9, 0.4]}
WORD = "inkstyle"


def build_files(folder: Path) -> None:
    """The model, and everything beside it."""
    EVERY_FAMILY["sd15"].build(folder / "base")
    for seed, name in enumerate(("edges", "depth", "pose")):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            EVERY_FAMILY["sd15-controlnet"].assemble().controlnet.save_pretrained(folder / name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(200)
        AutoencoderKL.from_config(AutoencoderKL.load_config(folder / "base/vae")).save_pretrained(folder / "other")
    write_ip_adapter(folder, EVERY_FAMILY["sd15"].assemble())
    save_file(
        {"emb_params": torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(1))}, folder / "ink.safetensors"
    )


def draw_with_diffusers(folder: Path) -> Drawn:
    """The picture of diffusers alone, with the same loaded."""
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(
        folder / "base",
        controlnet=[ControlNetModel.from_pretrained(folder / name) for name in ("pose", "edges")],
        vae=AutoencoderKL.from_pretrained(folder / "other"),
        image_encoder=CLIPVisionModelWithProjection.from_pretrained(folder / "image_encoder"),
    )
    pipeline.load_ip_adapter(str(folder), subfolder="", weight_name="adapter.safetensors")
    pipeline.set_ip_adapter_scale(0.6)
    pipeline.load_textual_inversion(str(folder), weight_name="ink.safetensors", token=WORD)
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, clip_sample=False)
    pictures: dict[str, Any] = {"image": [draw_picture(1), draw_picture(2)], "ip_adapter_image": draw_picture(3)}
    return draw_bare(pipeline, prompt=PROMPT, negative_prompt=None, **pictures, **NUMBERS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extras")
    build_files(folder)
    return folder


@pytest.fixture(scope="module")
def customer(folder: Path) -> Iterator[Customer]:
    """A customer of a service with that model."""
    section = write_section(
        "drawn",
        "base",
        controlnet={name: name for name in ("edges", "depth", "pose")},
        vae="other",
        ip_adapter={"file": "adapter.safetensors", "image_encoder": "image_encoder"},
        textual_inversions={WORD: "ink.safetensors"},
        schedulers=["ddim"],
        default_scheduler="ddim",
    )
    models_file = write_models_file(folder, section)
    with (
        LocalStack(environment={"MODELS_FILE": str(models_file)}, start_process=start_warm) as stack,
        open_account(stack, "extras") as customer,
    ):
        yield customer


@pytest.mark.slow
def test_a_job_with_everything(customer: Customer, folder: Path) -> None:
    """The schema shows what can be asked for, the picture is diffusers' own, and nothing is dropped."""
    properties = customer.http.get("/v1/models/drawn").json()["parameters"]["text-to-image"]["properties"]
    assert properties["controlnets"]["items"]["enum"] == ["edges", "depth", "pose"]
    uris = [data_uri(encode(draw_picture(seed))) for seed in (1, 2, 3)]

    job = customer.submit(
        PROMPT,
        model="drawn",
        width=64,
        height=64,
        num_inference_steps=4,
        guidance_scale=3.0,
        seed=7,
        control_image=uris[:2],
        controlnets=["pose", "edges"],
        ip_adapter_image=uris[2],
        ip_adapter_scale=0.6,
        **NUMBERS,
    )

    finished = customer.wait_until_finished(job)
    assert finished["status"] == "succeeded", finished["failure"]
    assert finished["warnings"] == []
    assert finished["request"]["controlnets"] == ["pose", "edges"]
    picture = np.asarray(Image.open(io.BytesIO(customer.download(finished["outputs"][0]))))
    difference = np.abs(picture.astype(np.int16) - draw_with_diffusers(folder).pictures[0].astype(np.int16))
    assert difference.max() <= 1  # another process, with another number of threads


@pytest.mark.slow
def test_a_job_with_nothing_of_it(customer: Customer) -> None:
    """The same model serves it."""
    job = customer.submit("a red mug", model="drawn", width=64, height=64, num_inference_steps=2)

    assert customer.wait_until_finished(job)["status"] == "succeeded"


@pytest.mark.slow
def test_what_does_not_fit_is_refused(customer: Customer) -> None:
    """With the field that it is in."""
    response = customer.http.post(
        "/v1/jobs",
        json={
            "prompt": "a",
            "model": "drawn",
            "control_image": data_uri(encode(draw_picture(1))),
            "controlnets": ["hands"],
        },
    )

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["controlnets.0"]
