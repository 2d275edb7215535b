"""Several ControlNets of one model: jobs that use all of them, some of them, or none."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from PIL import Image

from bench.families.render import Drawn, draw
from bench.tiny_families.every import EVERY_FAMILY
from core.catalog import Task, find_task_signature
from tests.rendering.extras.proof import (
    BOUND,
    LEAST_EFFECT,
    Build,
    build_request,
    draw_bare,
    draw_picture,
    prove,
    prove_together,
    quick_first,
    write_models,
)
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import LoadedModel, Models

#: diffusers' own ControlNet of FLUX.1 uses an old name of a module.
pytestmark = pytest.mark.filterwarnings("ignore:`FluxPosEmbed` is deprecated:FutureWarning")

NAMES = ("edges", "depth", "pose")
SCALES = [0.9, 0.5]

#: The tiny family of the model, and that of its ControlNets; the class that draws with these, and its name for the pictures.
FAMILIES = {
    "sd15": ("sd15-controlnet", "StableDiffusionControlNetPipeline", "image"),
    "sdxl": ("sdxl-controlnet", "StableDiffusionXLControlNetPipeline", "image"),
    "sd3": ("sd3-controlnet", "StableDiffusion3ControlNetPipeline", "control_image"),
    "flux-dev": ("flux-controlnet", "FluxControlNetPipeline", "control_image"),
}


class Served:
    """A tiny model with three ControlNets."""

    def __init__(self, folder: Path, family: str) -> None:
        self.folder, self.family = folder, family
        self.controlled, self.class_name, self.argument = FAMILIES[family]
        EVERY_FAMILY[family].build(folder / "base")
        for number, name in enumerate(NAMES):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(100 + number)
                EVERY_FAMILY[self.controlled].assemble().controlnet.save_pretrained(folder / name)
        self.models: Models = write_models(
            folder, model={"source": "base", "controlnet": {name: name for name in NAMES}}
        )

    @property
    def model(self) -> LoadedModel:
        return self.models.load("model")

    @property
    def scheduler(self) -> str:
        return "ddim" if self.family == "sd15" else "own"

    def build(self, names: tuple[str, ...], **own: Any) -> Build:
        """Builds drawings of jobs that use those ControlNets."""

        def build(seeds: tuple[int, ...] = (7,), **changes: Any) -> Drawing:
            chosen = {"controlnets": list(names)} if names else {}
            request = build_request(scheduler=self.scheduler, **chosen, **own, **changes)
            pictures = [draw_picture(number) for number in range(len(names))]
            return Drawing(request, seeds, {"control_image": pictures} if names else {})

        return build

    def load_bare(self, names: tuple[str, ...]) -> Any:
        """diffusers' pipeline with those ControlNets."""
        kind = type(EVERY_FAMILY[self.controlled].assemble().controlnet)
        nets = [kind.from_pretrained(self.folder / name) for name in names]
        pipeline = getattr(diffusers, self.class_name).from_pretrained(
            self.folder / "base", controlnet=nets if len(nets) > 1 else nets[0]
        )
        if self.family == "sd15":
            pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, clip_sample=False)
        return pipeline


@pytest.fixture(scope="module", params=quick_first(FAMILIES))
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    served = Served(tmp_path_factory.mktemp(request.param), request.param)
    yield served
    served.models.close()


def test_two_of_three(served: Served) -> None:
    """In another order than the catalog's, with a scale for each; the third has no part in it."""
    names = ("depth", "edges")
    build = served.build(names, controlnet_conditioning_scale=SCALES, control_guidance_end=[1.0, 0.6])
    pictures: dict[str, Any] = {served.argument: [draw_picture(0), draw_picture(1)]}
    bare = draw_bare(
        served.load_bare(names),
        negative_prompt="blurry",
        controlnet_conditioning_scale=SCALES,
        control_guidance_end=[1.0, 0.6],
        **pictures,
    )

    prove(served.model, build, bare)


def test_one_of_three(served: Served) -> None:
    """It is the only one that is called."""
    picture: dict[str, Any] = {served.argument: draw_picture(0)}
    bare = draw_bare(
        served.load_bare(("pose",)), negative_prompt="blurry", controlnet_conditioning_scale=0.8, **picture
    )

    alone = draw(served.model, served.build(("pose",), controlnet_conditioning_scale=0.8)())

    assert alone.equals(bare)


@pytest.mark.parametrize("task", ["image-to-image", "inpainting"])
def test_tasks_that_start_from_a_picture(served: Served, task: Task) -> None:
    """Two ControlNets, one image and two."""
    signature = find_task_signature(served.class_name, task, controlled=True)
    if signature is None:
        pytest.skip("has a ControlNet for text-to-image alone")
    names = ("edges", "depth")
    own: dict[str, Any] = {"controlnet_conditioning_scale": SCALES, "strength": 0.8}
    pictures: dict[str, Any] = {"image": draw_picture(5), "control_image": [draw_picture(0), draw_picture(1)]}
    if task == "inpainting":
        pictures["mask_image"] = Image.fromarray(
            np.repeat(np.array([[0] * 32 + [255] * 32], dtype=np.uint8), 64, axis=0)
        )

    def build(*seeds: int) -> Drawing:
        request = build_request(scheduler=served.scheduler, controlnets=list(names), mask_feather=0, **own)
        return Drawing(request, seeds, pictures, task=task)

    pipeline = getattr(diffusers, signature.class_name).from_pipe(served.load_bare(names))
    # Two of FLUX.1's take no negative prompt, and no ControlNet without a mode.
    of_class: dict[str, Any] = {"negative_prompt": "blurry"}
    if served.family == "flux-dev":
        of_class = {"control_mode": [None, None]}
    bare = draw_bare(pipeline, **of_class, **own, **pictures)

    alone = draw(served.model, build(7))
    both = draw(served.model, build(7, 8))

    assert alone.latents.equal(bare.latents)
    if task == "image-to-image":
        assert alone.equals(bare)
    half = len(both.latents) // 2
    for index, one in enumerate((alone, draw(served.model, build(8)))):
        part = Drawn([both.pictures[index]], both.latents[index * half : (index + 1) * half], both.steps)
        assert part.differs_from(one) <= BOUND


def test_each_has_an_effect(served: Served) -> None:
    """Another ControlNet, another scale and another order draw other pictures."""
    drawn = [
        draw(served.model, served.build(names, controlnet_conditioning_scale=scales)())
        for names, scales in (
            (("edges", "depth"), [0.8, 0.8]),
            (("edges", "pose"), [0.8, 0.8]),
            (("edges", "depth"), [0.8, 0.2]),
        )
    ]

    for place, one in enumerate(drawn):
        assert all(one.differs_from(other) > LEAST_EFFECT for other in drawn[place + 1 :])
    # The pictures of two ControlNets, exchanged; tiny ones hardly look at theirs.
    exchanged = draw(served.model, served.build(("depth", "edges"), controlnet_conditioning_scale=[0.8, 0.8])())
    assert not exchanged.latents.equal(drawn[0].latents)


def test_jobs_with_other_controlnets_share_the_denoiser(served: Served) -> None:
    """All, some, one and none of them, side by side: each is drawn as if alone."""
    builds = [
        served.build(NAMES, controlnet_conditioning_scale=[1.0, 0.5, 0.5]),
        served.build(("edges", "depth"), controlnet_conditioning_scale=[1.0, 0.5]),
        served.build(("depth",), controlnet_conditioning_scale=0.5),
        served.build(()),
        served.build(()),
    ]

    prove_together(served.model, [partial(build, (seed,)) for seed, build in enumerate(builds)])


def test_every_controlnet_is_in_the_receipt_and_in_the_budget(served: Served) -> None:
    """Each with the digest of its weights."""
    found = {name for name in served.model.file_sha256 if name.startswith("controlnet.")}
    assert found == {f"controlnet.{name}/diffusion_pytorch_model.safetensors" for name in NAMES}
    of_nets = sum((served.folder / name / "diffusion_pytorch_model.safetensors").stat().st_size for name in NAMES)
    own = sum(path.stat().st_size for path in (served.folder / "base").rglob("*.safetensors"))
    assert served.models._accounts.used_bytes > 0.9 * (own + of_nets)


def test_what_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    """No ControlNet, one of another model, one whose weights are missing."""
    for family in ("sd15", "sdxl"):
        EVERY_FAMILY[family].build(tmp_path / family)
        EVERY_FAMILY[f"{family}-controlnet"].assemble().controlnet.save_pretrained(tmp_path / f"{family}-edges")
    shutil.copytree(tmp_path / "sd15-edges", tmp_path / "empty")
    (tmp_path / "empty/diffusion_pytorch_model.safetensors").unlink()
    reasons = {
        "none": ("sd15/vae", "controlnet.bad: it is a AutoencoderKL, not a ControlNet of diffusers"),
        "other": (
            "sdxl-edges",
            "controlnet.bad: it was made for another model: its cross_attention_dim is 64, and the model's 32",
        ),
        "empty": ("empty", "controlnet.bad has no safetensors file"),
        "nowhere": ("nowhere", "the folder controlnet.bad is missing"),
    }
    models = write_models(
        tmp_path,
        **{
            model_id: {"source": "sd15", "controlnet": {"good": "sd15-edges", "bad": folder}}
            for model_id, (folder, _) in reasons.items()
        },
    )

    for model_id, (_, reason) in reasons.items():
        with pytest.raises(ModelUnavailable) as caught:
            models.load(model_id)
        assert reason in caught.value.message
    models.close()
