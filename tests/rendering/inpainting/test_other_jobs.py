"""What the mask keeps stays the input's with LoRAs, in shared forwards, after a resume and with models made for inpainting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from bench.models_file import write_section
from core.catalog import load_catalog
from tests.rendering.adapters.tiny_loras import ModelFolder
from tests.rendering.inpainting.painting import as_sent, build_request, draw, paint_box, take_pictures, to_pixels
from tests.rendering.parity.company import draw_together
from tests.rendering.parity.mixes import Job, build_case
from tests.rendering.resuming import Case, TinyModels, draw_images, stop_after
from tests.rendering.resuming import draw as draw_case
from worker.rendering.batching.admission import Admission
from worker.rendering.models import Models

INPAINTING = [
    build_case("sd15", task="inpainting", seeds=(7,), steps=5, mask_feather=0),
    build_case("sd15", task="inpainting", seeds=(8, 9), steps=6, mask_feather=8, guidance=5.0),
    build_case("sd15", task="inpainting", seeds=(3,), steps=7, padding_mask_crop=4, strength=1.0),
]


def test_jobs_that_share_forwards(
    family_folder: Path, tiny_models: TinyModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inpainting jobs beside others: each draws what it draws alone, and keeps its half of the input."""
    # As many as there are: on a busy machine, measurements of such tiny models say now this and now that.
    monkeypatch.setattr(Admission, "limit", lambda _self, _shape: 64)
    models = TinyModels(family_folder, ["sd15"], forwards=1)
    model = models.get("sd15")
    jobs = [Job(case) for case in (*INPAINTING, build_case("sd15"), build_case("sd15", task="image-to-image"))]

    together = draw_together(model, jobs)

    for case, drawn in zip(INPAINTING, together, strict=False):
        [alone] = draw_together(model, [Job(case)])
        assert max(drawn.batch_rows) > max(alone.batch_rows)
        before = to_pixels(draw_images(case)["image"])
        for picture, other in zip(drawn.pictures, alone.pictures, strict=True):
            assert (picture[:, :32] == before[:, :32]).all()
            assert np.abs(picture - before)[:, 32:].mean() > 20
            assert np.abs(picture - other).max() <= 1
    models.close()


@pytest.mark.parametrize("family_id", ["sdxl", "flux-dev"])
def test_a_resumed_job(tiny_models: TinyModels, family_id: str) -> None:
    """A job with padding_mask_crop that is stopped after a step draws the same pictures bit for bit when it is resumed."""
    model = tiny_models.get(family_id)
    case = Case(family_id, "inpainting", "own", changes={"padding_mask_crop": 4})
    checkpoint, _ = stop_after(model, case, 1)

    resumed, whole = draw_case(model, case, checkpoint), draw_case(model, case)

    assert resumed.pixels_sha256 == whole.pixels_sha256
    assert resumed.forwards == whole.forwards - 1


@pytest.fixture(scope="module")
def lora_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    """Families with a LoRA each, `FAMILY-one`."""
    families = ("sd15", "sdxl", "flux-dev")
    folder = ModelFolder(tmp_path_factory.mktemp("loras"), {family: family for family in families})
    for family in families:
        folder.make_lora(f"{family}-one", family, seed=1)
    models = folder.open({f"{family}-one": [family] for family in families})
    yield models
    models.close()


@pytest.mark.parametrize("padding", [None, 8])
@pytest.mark.parametrize("family_id", ["sd15", "sdxl", "flux-dev"])
def test_a_job_with_a_lora(lora_models: Models, family_id: str, padding: int | None) -> None:
    """The LoRA changes what is painted, in both of two images, and nothing else."""
    plain = build_request(family_id, padding_mask_crop=padding)
    mask = paint_box((13, 18, 40, 37))
    before, painted = to_pixels(take_pictures(plain, mask)["image"]), to_pixels(mask) > 0

    with lora_models.use(family_id) as model:
        without = draw(model, plain, mask, (7, 8))
        images = draw(model, plain | {"loras": [{"id": f"{family_id}-one", "scale": 4.0}]}, mask, (7, 8))

    for image, other in zip(images, without, strict=True):
        assert (as_sent(image)[~painted] == before[~painted]).all()
        assert np.abs(as_sent(image) - to_pixels(other))[painted].max() > 10


@pytest.fixture(scope="module")
def inpainting_model(family_folder: Path, tiny_models: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A model made for inpainting: its denoiser takes the mask and the picture beside the latents, nine channels in all."""
    folder = tmp_path_factory.mktemp("nine")
    plain: Any = diffusers.DiffusionPipeline.from_pretrained(family_folder / "sd15")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        unet = diffusers.UNet2DConditionModel.from_config({**plain.unet.config, "in_channels": 9})
    components = {**plain.components, "unet": unet}
    diffusers.StableDiffusionInpaintPipeline(**components, requires_safety_checker=False).save_pretrained(folder / "sd")
    (folder / "models.toml").write_text(write_section("nine", "sd", tasks=["inpainting"]))
    return Models(load_catalog(folder / "models.toml"), device="cpu", budget_bytes=2**31)


@pytest.mark.parametrize("changes", [{"strength": 1.0}, {"strength": 0.5}, {"padding_mask_crop": 8}])
def test_a_model_made_for_inpainting(inpainting_model: Models, changes: dict[str, Any]) -> None:
    """It obeys the same rule, in both of two images."""
    request, mask = build_request("sd15", **changes), paint_box((13, 18, 40, 37))
    before, painted = to_pixels(take_pictures(request, mask)["image"]), to_pixels(mask) > 0

    with inpainting_model.use("nine") as model:
        images = [as_sent(image) for image in draw(model, request, mask, (7, 8))]

    for image in images:
        assert (image[~painted] == before[~painted]).all()
        assert np.abs(image - before)[painted].mean() > 20
    assert np.abs(images[0] - images[1])[painted].max() > 10
