"""Every scheduler draws Picturebook's pictures without wrong colours or left noise, beside finely drawn ones."""

from __future__ import annotations

from collections.abc import Iterator

import diffusers
import pytest
import torch
from diffusers import StableDiffusionPipeline

from bench.schedulers import Picturebook
from core.catalog import Task, find_least_steps, load_catalog
from core.catalog.schedulers import DIFFUSION_SCHEDULERS
from demo_model.settings import WEIGHTS_FOLDER
from tests.conftest import REPOSITORY
from worker.rendering.drawing import Drawing
from worker.rendering.models import Models
from worker.rendering.render import render_images

# The first test of a task draws the references, of a hundred steps each.
pytestmark = pytest.mark.timeout(600)

#: Those that need several steps.
NEEDY = [name for name in DIFFUSION_SCHEDULERS if find_least_steps(name, from_picture=False) > 1]


@pytest.fixture(scope="module")
def picturebook() -> Iterator[Picturebook]:
    drawn = Picturebook()
    yield drawn
    drawn.close()


@pytest.mark.slow
@pytest.mark.parametrize("task", ["image-to-image", "inpainting"])
def test_pndm_starts_from_a_picture(picturebook: Picturebook, task: Task) -> None:
    """As near to the finely drawn picture as twice DDIM's distance, and in its colours."""
    pndm, ddim = (picturebook.measure(name, task, steps=12, done=6) for name in ("pndm", "ddim"))

    assert pndm.is_sensible
    assert pndm.colour < 8
    assert pndm.pixels < 2 * ddim.pixels


@pytest.mark.slow
def test_pndm_of_velocities_is_as_good_as_its_order(picturebook: Picturebook) -> None:
    """From noise alone it is nearer to the finely drawn picture than DDIM with the same steps, or nearly."""
    pndm, ddim = (picturebook.measure(name, "text-to-image", steps=16, done=16) for name in ("pndm", "ddim"))

    assert pndm.pixels < 1.6 * ddim.pixels


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", [name for name in NEEDY if name != "pndm"])
def test_wrong_colours_of_few_steps_are_the_schedulers_own(scheduler: str) -> None:
    """diffusers' own pipeline and scheduler draw the same latents, to the bit, at three steps."""
    latents = []
    request = {"prompt": "a red mug", "num_inference_steps": 3, "guidance_scale": 2.0, "width": 128, "height": 128}
    models = Models(load_catalog(REPOSITORY / "models.toml"), device="cpu", budget_bytes=2**31, forwards=1)
    drawing = Drawing({**request, "scheduler": scheduler, "deterministic": True}, [7])
    render_images(models.load("picturebook"), drawing, on_step=lambda end: latents.append(end.latents))
    models.close()

    plain = StableDiffusionPipeline.from_pretrained(WEIGHTS_FOLDER, dtype=torch.float32, use_safetensors=True)
    named = DIFFUSION_SCHEDULERS[scheduler]
    plain.scheduler = getattr(diffusers, named.class_name).from_config(plain.scheduler.config, **named.settings)
    generator = torch.Generator().manual_seed(7)
    expected = plain(**request, generator=[generator], output_type="latent").images

    assert torch.equal(latents[-1], expected)


@pytest.mark.thorough
@pytest.mark.parametrize("scheduler", DIFFUSION_SCHEDULERS)
@pytest.mark.parametrize("task", ["image-to-image", "inpainting"])
def test_every_scheduler_starts_from_a_picture(picturebook: Picturebook, scheduler: str, task: Task) -> None:
    """Whatever part of the steps is done."""
    for steps, done in ((30, 6), (16, 8), (12, 10)):
        assert picturebook.measure(scheduler, task, steps=steps, done=done).is_sensible


@pytest.mark.thorough
@pytest.mark.parametrize("scheduler", DIFFUSION_SCHEDULERS)
def test_the_published_number_of_steps_is_sensible(picturebook: Picturebook, scheduler: str) -> None:
    """From noise alone, with the least steps that the catalog names, and with more."""
    least = find_least_steps(scheduler, from_picture=False)
    for steps in (least, 12, 20):
        assert picturebook.measure(scheduler, "text-to-image", steps=steps, done=steps).is_sensible


@pytest.mark.thorough
@pytest.mark.parametrize("scheduler", NEEDY)
def test_half_of_the_published_number_is_not(picturebook: Picturebook, scheduler: str) -> None:
    """The warning is about something that shows."""
    steps = (find_least_steps(scheduler, from_picture=False) + 1) // 2

    assert not picturebook.measure(scheduler, "text-to-image", steps=steps, done=steps).is_sensible
