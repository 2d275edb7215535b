"""What older kinds of models need: classes by their numbers, steps that are taken again, and modules that diffusers has moved."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    CMStochasticIterativeScheduler,
    EDMDPMSolverMultistepScheduler,
    EDMEulerScheduler,
    KarrasVeScheduler,
    RePaintScheduler,
    ScoreSdeVeScheduler,
    pipelines,
)
from PIL import Image

from bench.families.places import Place
from bench.families.render import Drawn, draw
from bench.families.tiny_models import TinyModels
from bench.tiny_families.every import EVERY_FAMILY
from core.catalog import Task
from core.jobs.request.denoising_steps import count_steps
from worker.rendering.batching import BatchJob
from worker.rendering.errors import RequestRefused
from worker.rendering.models import LoadedModel
from worker.rendering.modules.list_schedulers import find_step_method
from worker.rendering.pipelines.corrections import correct

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedModel]:
    """A model that draws one of ten classes."""
    with TinyModels(tmp_path_factory.mktemp("models"), EVERY_FAMILY["consistency"]) as models:
        yield models.load()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedModel]:
    """A model that draws in tokens of a codebook."""
    with TinyModels(tmp_path_factory.mktemp("models"), EVERY_FAMILY["amused"]) as models:
        yield models.load()


def draw_class(model: LoadedModel, label: int | None, *seeds: int) -> Drawn:
    return draw(model, Place("consistency", "unconditional").build_drawing(seeds, class_labels=label))


def test_a_class_is_drawn_by_its_number(classes: LoadedModel) -> None:
    """Another number is another picture."""
    assert draw_class(classes, 3, 7).equals(draw_class(classes, 3, 7))
    assert draw_class(classes, 3, 7).differs_from(draw_class(classes, 4, 7)) > 1e-3


def test_a_class_that_is_left_out_follows_from_the_seed(classes: LoadedModel) -> None:
    """The same seed draws the same class, also as the second image of a job; other seeds draw others."""
    both, alone = draw_class(classes, None, 6, 7), draw_class(classes, None, 7)

    assert alone.equals(draw_class(classes, None, 7))
    assert np.abs(both.pictures[1].astype(int) - alone.pictures[0].astype(int)).max() <= 1
    named = [label for label in range(10) if draw_class(classes, label, 7).equals(alone)]
    assert len(named) == 1
    assert not all(draw_class(classes, named[0], seed).equals(draw_class(classes, None, seed)) for seed in range(8))


@pytest.mark.parametrize("label", [-1, 10, 65_536])
def test_a_class_that_the_model_lacks_is_refused(classes: LoadedModel, label: int) -> None:
    """Before the model looks it up."""
    with pytest.raises(RequestRefused, match=f"class_labels is {label}, and this model has the classes 0 to 9"):
        draw_class(classes, label, 7)


@pytest.mark.parametrize(("steps", "length", "samples"), [(6, 2, 2), (5, 1, 3), (4, 10, 10), (9, 3, 2)])
def test_repainting_takes_the_steps_that_are_counted(tmp_path: Path, steps: int, length: int, samples: int) -> None:
    """The job's steps and cost are those that the engine takes, and it knows its last one."""
    changes: dict[str, Any] = {"num_inference_steps": steps, "jump_length": length, "jump_n_sample": samples}
    ends: list[tuple[int, int]] = []

    with TinyModels(tmp_path, EVERY_FAMILY["repaint"]) as models:
        drawing = Place("repaint", "inpainting").build_drawing(**changes)
        draw(models.load(), drawing, on_step=lambda end: ends.append((end.step, end.steps)))

    counted = count_steps(changes, ("num_inference_steps",), "all")
    assert ends == [(step, counted) for step in range(1, counted + 1)]


@pytest.mark.parametrize(("steps", "strength"), [(4, 0.5), (10, 0.3), (10, 0.7), (100, 0.07), (100, 0.29), (3, 1.0)])
@pytest.mark.parametrize("task", ["image-to-image", "inpainting"])
def test_tokens_take_the_steps_that_are_counted(tokens: LoadedModel, task: Task, steps: int, strength: float) -> None:
    """aMUSEd shortens the steps by the strength in its call itself."""
    changes: dict[str, Any] = {"num_inference_steps": steps, "strength": strength}
    ends: list[tuple[int, int]] = []

    drawing = Place("amused", task).build_drawing(**changes)
    draw(tokens, drawing, on_step=lambda end: ends.append((end.step, end.steps)))

    counted = count_steps(changes, ("num_inference_steps",), "down")
    assert ends == [(step, counted) for step in range(1, counted + 1)]


def test_a_step_may_have_another_name() -> None:
    """A scheduler that corrects between its steps calls them predictions; without a step, it is none."""
    assert find_step_method(RePaintScheduler()) == find_step_method(KarrasVeScheduler()) == "step"
    assert find_step_method(ScoreSdeVeScheduler()) == "step_pred"
    assert find_step_method(object()) is None


@pytest.mark.parametrize(
    ("family", "component", "module"),
    [
        ("unidiffuser", "unet", "unidiffuser"),
        ("vq-diffusion", "learned_classifier_free_sampling_embeddings", "vq_diffusion"),
        ("versatile", "text_unet", "versatile_diffusion"),
    ],
)
def test_a_folder_may_name_where_a_module_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str, component: str, module: str
) -> None:
    """Published folders name the module by the place that it had, where diffusers itself looks for it in vain."""
    tiny = EVERY_FAMILY[family]
    tiny.build(tmp_path / family)
    index = json.loads((tmp_path / family / "model_index.json").read_text())
    assert index[component][0] == module
    monkeypatch.delattr(pipelines, module)

    with TinyModels(tmp_path, tiny) as models:
        assert draw(models.load(), Place(family, tiny.tasks[0]).build_drawing()).steps > 0


@pytest.mark.parametrize("kind", [CMStochasticIterativeScheduler, EDMEulerScheduler, EDMDPMSolverMultistepScheduler])
@pytest.mark.parametrize("steps", [1, 4, 20])
def test_timesteps_may_be_below_zero(kind: Any, steps: int) -> None:
    """Of schedulers whose timesteps are logarithms of noise, as the plain ones have them."""
    plain, corrected = (each() for each in (kind, correct(kind, from_picture=False)))
    for scheduler in (plain, corrected):
        scheduler.set_timesteps(steps)

    assert torch.equal(corrected.timesteps, plain.timesteps)
    assert torch.equal(corrected.sigmas, plain.sigmas)
    assert (plain.timesteps < 0).any() or steps == 1


def test_steps_that_a_table_lacks_are_refused(tmp_path: Path) -> None:
    """VQ-Diffusion has a hundred."""
    with TinyModels(tmp_path, EVERY_FAMILY["vq-diffusion"]) as models:
        drawing = Place("vq-diffusion", "text-to-image").build_drawing(num_inference_steps=101)
        with pytest.raises(RequestRefused, match="num_inference_steps is 101, and this model has 100 steps"):
            draw(models.load(), drawing)


@pytest.mark.parametrize(("family", "greys"), [("marigold-depth", True), ("marigold-normals", False)])
def test_a_map_is_a_picture(tmp_path: Path, family: str, greys: bool) -> None:
    """Of the size that was asked for: how far away is grey, which way is coloured; another picture has another map."""
    with TinyModels(tmp_path, EVERY_FAMILY[family]) as models:
        model, drawing = models.load(), Place(family, "map").build_drawing(width=96, height=64)
        [drawn] = draw(model, drawing).pictures
        other = dataclasses.replace(drawing, images={"image": Image.new("RGB", (96, 64), "red")}, job=BatchJob())
        [of_another] = draw(model, other).pictures

    assert drawn.shape == (64, 96, 3)
    assert (drawn[..., :1] == drawn).all() == greys
    assert (drawn != of_another).any()
