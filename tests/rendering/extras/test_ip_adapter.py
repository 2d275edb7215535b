"""An IP-Adapter: jobs with a picture that it looks at, with several, at several scales, and without."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers import DDIMScheduler
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionModelWithProjection

from bench.families.render import draw
from bench.tiny_families.every import EVERY_FAMILY
from tests.rendering.extras.proof import (
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
from tests.rendering.extras.tiny_ip_adapter import write_ip_adapter
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import LoadedModel, Models

CLASSES = {"sd15": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline", "flux-dev": "FluxPipeline"}
SECTION = {"source": "base", "ip_adapter": {"file": "adapter.safetensors", "image_encoder": "image_encoder"}}


class Served:
    """A tiny model with an IP-Adapter, and the same without."""

    def __init__(self, folder: Path, family: str, *, kind: str = "plain") -> None:
        self.folder, self.family = folder, family
        EVERY_FAMILY[family].build(folder / "base")
        write_ip_adapter(folder, EVERY_FAMILY[family].assemble(), kind=kind)
        self.models: Models = write_models(folder, model=dict(SECTION), plain={"source": "base"})

    @property
    def model(self) -> LoadedModel:
        return self.models.load("model")

    def build(self, *pictures: Image.Image, scale: float = 0.7) -> Build:
        """Builds drawings of jobs with those pictures."""

        def build(seeds: tuple[int, ...] = (7,), **changes: Any) -> Drawing:
            scheduler = "ddim" if self.family == "sd15" else "own"
            own = {"ip_adapter_scale": scale} if pictures else {}
            images = {"ip_adapter_image": list(pictures) if len(pictures) > 1 else pictures[0]} if pictures else {}
            return Drawing(build_request(scheduler=scheduler, **own, **changes), seeds, images)

        return build

    def load_bare(self, scale: float | None) -> Any:
        """diffusers' pipeline with the IP-Adapter at that scale; without it for None."""
        options: dict[str, Any] = {}
        if scale is not None:
            options["image_encoder"] = CLIPVisionModelWithProjection.from_pretrained(self.folder / "image_encoder")
        pipeline = getattr(diffusers, CLASSES[self.family]).from_pretrained(self.folder / "base", **options)
        if scale is not None:
            pipeline.load_ip_adapter(str(self.folder), subfolder="", weight_name="adapter.safetensors")
            pipeline.set_ip_adapter_scale(scale)
        if self.family == "sd15":
            pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, clip_sample=False)
        return pipeline


@pytest.fixture(scope="module", params=quick_first(CLASSES))
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp(request.param), request.param)
    yield served
    served.models.close()


def test_a_picture_is_looked_at_as_by_diffusers(served: Served) -> None:
    """At a scale that is not the default."""
    bare = draw_bare(served.load_bare(0.7), negative_prompt="blurry", ip_adapter_image=draw_picture(1))

    prove(served.model, served.build(draw_picture(1)), bare)


def test_several_pictures(served: Served) -> None:
    """All of them by the one IP-Adapter."""
    pictures = [draw_picture(1), draw_picture(2, side=40)]
    bare = draw_bare(served.load_bare(0.7), negative_prompt="blurry", ip_adapter_image=[pictures])

    assert draw(served.model, served.build(*pictures)()).equals(bare)


def test_without_a_picture_it_has_no_part_in_the_job(served: Served) -> None:
    """Also at a scale of 0: what diffusers draws without the IP-Adapter, and what the model without it draws."""
    bare = draw_bare(served.load_bare(None), negative_prompt="blurry")

    prove(served.model, served.build(), bare)
    assert draw(served.model, served.build(draw_picture(1), scale=0.0)()).equals(bare)
    assert draw(served.models.load("plain"), served.build()()).equals(bare)
    assert draw(served.model, served.build(draw_picture(1))()).differs_from(bare) > LEAST_EFFECT


def test_jobs_with_and_without_pictures_side_by_side(served: Served) -> None:
    """Each as if alone: those of one scale share forwards, those of another do not."""
    builds = [
        served.build(draw_picture(1)),
        served.build(draw_picture(2)),
        served.build(draw_picture(1), scale=1.5),
        served.build(draw_picture(1), draw_picture(2)),
        served.build(),
        served.build(),
        served.build(draw_picture(3), scale=0.0),
    ]

    together = prove_together(served.model, [partial(build, (seed,)) for seed, build in enumerate(builds)])

    guided = 1 if served.family == "flux-dev" else 2
    assert max(together[2].batch_rows) == guided  # no other job has its scale


@pytest.mark.parametrize("kind", ["plus", "full face"])
def test_kinds_that_read_the_hidden_states(tmp_path: Path, kind: str) -> None:
    """IP-Adapter Plus and Full Face, in the layouts of their files: with a picture, with two, and without."""
    served = Served(tmp_path, "sd15", kind=kind)
    pictures = [draw_picture(1), draw_picture(2)]
    bare = [
        draw_bare(served.load_bare(0.7), negative_prompt="blurry", ip_adapter_image=given)
        for given in (pictures[0], [pictures])
    ]
    without = draw_bare(served.load_bare(None), negative_prompt="blurry")

    assert draw(served.model, served.build(pictures[0])()).equals(bare[0])
    assert draw(served.model, served.build(*pictures)()).equals(bare[1])
    assert draw(served.model, served.build()()).equals(without)
    assert bare[0].differs_from(without) > LEAST_EFFECT
    served.models.close()


def test_its_weights_are_in_the_receipt(served: Served) -> None:
    """And those of its image encoder."""
    names = {name for name in served.model.file_sha256 if name.startswith("ip_adapter")}
    assert names == {"ip_adapter/adapter.safetensors", "ip_adapter.image_encoder/model.safetensors"}


def test_weights_of_another_kind_are_refused_by_name(tmp_path: Path) -> None:
    """A file of another model, one that is none, a FaceID; and no image encoder."""
    EVERY_FAMILY["sd15"].build(tmp_path / "base")
    write_ip_adapter(tmp_path, EVERY_FAMILY["sd15"].assemble())
    good = load_file(tmp_path / "adapter.safetensors")
    other = {name: torch.cat([value, value], dim=0) for name, value in good.items()}
    face = {f"image_proj.proj.{number}.weight": torch.ones(4, 4) for number in (0, 2)} | {
        "image_proj.norm.weight": torch.ones(4)
    }
    for name, weights in {"other": other, "none": {"unet.x": torch.ones(2)}, "face": face}.items():
        save_file(weights, tmp_path / f"{name}.safetensors")
    reasons = {
        "other": "ip_adapter: other.safetensors does not fit the model's denoiser",
        "none": "ip_adapter: none.safetensors has no weights of an IP-Adapter",
        "face": "ip_adapter: face.safetensors is a FaceID",
        "nowhere": "ip_adapter: the file nowhere.safetensors is missing",
    }
    sections = {
        name: {"source": "base", "ip_adapter": {"file": f"{name}.safetensors", "image_encoder": "image_encoder"}}
        for name in reasons
    }
    blind = {"source": "base", "ip_adapter": {"file": "adapter.safetensors", "image_encoder": "base/text_encoder"}}
    models = write_models(tmp_path, **sections, blind=blind)

    for model_id, reason in {**reasons, "blind": "ip_adapter.image_encoder: it is a CLIPTextModel"}.items():
        with pytest.raises(ModelUnavailable) as caught:
            models.load(model_id)
        assert reason in caught.value.message
    models.close()
