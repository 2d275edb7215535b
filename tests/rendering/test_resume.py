"""A render that is stopped and resumed in another process gives the same picture, and no work is done twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.tiny_families import FAMILIES
from bench.tiny_families.family import Family
from core.catalog import Task
from core.catalog.schedulers import DIFFUSION_SCHEDULERS, FLOW_SCHEDULERS
from tests.rendering.resuming import Case, Drawn, TinyModels, draw, resume_elsewhere, stop_after, write_stopped
from worker.rendering.checkpoints import Checkpoint
from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd


def own(family: Family, task: Task) -> Case:
    """With the scheduler that the family is published with."""
    return Case(family.id, task, "own")


#: Every family with one of its tasks, and schedulers of every kind.
CASES = [
    *(own(family, family.tasks[place % len(family.tasks)]) for place, family in enumerate(FAMILIES.values())),
    *(
        Case("sd15", "text-to-image", name)
        for name in ("ddim", "euler", "euler_ancestral", "dpmpp_2m", "dpmpp_2m_sde", "unipc", "heun", "pndm", "lcm")
    ),
    *(Case("sd15", "image-to-image", name) for name in ("heun", "dpmpp_2s", "sa_solver")),
    *(Case("sdxl", "inpainting", name) for name in ("euler_ancestral", "dpmpp_2m_sde")),
    *(Case("flux-dev", "image-to-image", name) for name in FLOW_SCHEDULERS),
]
#: Every family in every task, and every scheduler in every task.
ALL_CASES = [
    *CASES,
    *(own(family, task) for family in FAMILIES.values() for task in family.tasks),
    *(Case("sd15", task, name) for name in DIFFUSION_SCHEDULERS for task in FAMILIES["sd15"].tasks),
    *(Case("sdxl", task, name) for name in DIFFUSION_SCHEDULERS for task in FAMILIES["sdxl"].tasks),
    *(
        Case(family, task, name)
        for family in ("sd3", "qwen-image", "z-image")
        for task in ("text-to-image", "inpainting")
        for name in FLOW_SCHEDULERS
    ),
]

#: Draws the step at which each render is stopped.
_LOT = random.Random(20_261_125)


@dataclass(frozen=True)
class Stop:
    """A render that was stopped, and its result without the stop."""

    whole: Drawn
    #: Forwards until the stop.
    forwards: int


class Workplace:
    """A folder of models, and folders for the stopped renders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._models = folder / "models"
        self._models.mkdir()
        self.models = TinyModels(self._models)

    def resume_all(self, cases: list[Case], steps_of: Callable[[Drawn], list[int]]) -> dict[str, tuple[Stop, Drawn]]:
        """Stop each case after each of some steps, and resume all of them in one other process."""
        stopped = self._folder / f"stopped-{len(cases)}"
        stopped.mkdir()
        stops: dict[str, Stop] = {}
        for case in cases:
            model = self.models.get(case.family)
            whole = draw(model, case)
            for step in steps_of(whole):
                checkpoint, forwards = stop_after(model, case, step)
                name = f"{case.id} after step {step} of {whole.steps}"
                write_stopped(stopped, name, case, checkpoint)
                stops[name] = Stop(whole, forwards)
        drawn = resume_elsewhere(self._models, stopped)
        return {name: (stop, drawn[name]) for name, stop in stops.items()}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace(tmp_path_factory.mktemp("resume"))


@pytest.fixture(scope="module")
def sd(workplace: Workplace) -> LoadedModel:
    return workplace.models.get("sd15")


def assert_same(resumed: dict[str, tuple[Stop, Drawn]]) -> None:
    """The picture is the same bit for bit, and no forward ran both before and after the stop."""
    wrong = {name for name, (stop, drawn) in resumed.items() if drawn.pixels_sha256 != stop.whole.pixels_sha256}
    assert not wrong
    wrong = {name for name, (stop, drawn) in resumed.items() if drawn.latents_sha256 != stop.whole.latents_sha256}
    assert not wrong
    twice = {n for n, (stop, drawn) in resumed.items() if stop.forwards + drawn.forwards != stop.whole.forwards}
    assert not twice


@pytest.mark.slow
def test_a_render_resumes_in_another_process(workplace: Workplace) -> None:
    """Every family, stopped at a random step and resumed from nothing but files, gives the same picture bit for bit."""
    resumed = workplace.resume_all(CASES, lambda whole: [_LOT.randint(1, whole.steps)])

    assert len(resumed) == len(CASES)
    assert_same(resumed)


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_a_render_resumes_from_any_step(workplace: Workplace) -> None:
    """Every family, task and scheduler resumes after each step; after the last one only decoding is left."""
    cases = list({case.id: case for case in ALL_CASES}.values())

    resumed = workplace.resume_all(cases, lambda whole: list(range(1, whole.steps + 1)))

    assert len(resumed) > 4 * len(cases)
    assert_same(resumed)


@st.composite
def draw_case(pick: st.DrawFn) -> Case:
    """Any number of steps and pictures, with and without guidance."""
    return Case(
        "sd15",
        "text-to-image",
        pick(st.sampled_from(("ddpm", "deis", "dpmpp_2m_karras", "euler_ancestral", "heun", "pndm", "tcd", "unipc"))),
        seeds=tuple(pick(st.lists(st.integers(0, 2**32), min_size=1, max_size=3))),
        steps=pick(st.integers(2, 7)),
        changes={"guidance_scale": pick(st.sampled_from([1.0, 4.5]))},
    )


@given(case=draw_case(), share=st.floats(0, 1))
@settings(max_examples=12, deadline=None)
def test_any_render_can_be_resumed(sd: LoadedModel, case: Case, share: float) -> None:
    """The bytes of a checkpoint hold everything that the rest needs, for any request and any step."""
    whole = draw(sd, case)
    checkpoint, forwards = stop_after(sd, case, 1 + round(share * (whole.steps - 1)))

    drawn = draw(sd, case, Checkpoint.from_bytes(checkpoint.to_bytes()))

    assert_same({case.id: (Stop(whole, forwards), drawn)})


def test_a_render_is_stopped_again_and_again(workplace: Workplace) -> None:
    """A resumed render can be stopped and resumed again."""
    case = Case("sdxl", "image-to-image", "dpmpp_2m_sde", steps=9)
    model = workplace.models.get(case.family)
    whole = draw(model, case)

    first, forwards_of_first = stop_after(model, case, 2)
    second, forwards_of_second = stop_after(model, case, 4, checkpoint=first)

    drawn = draw(model, case, second)
    assert_same({case.id: (Stop(whole, forwards_of_first + forwards_of_second), drawn)})


def test_a_render_resumes_beside_others(sd: LoadedModel) -> None:
    """A resumed job that shares forwards with others gives the picture that it gives alone, within 1e-4 of the latents'
    range.
    """
    schedulers = ("ddim", "euler_ancestral", "heun", "dpmpp_2m", "pndm", "unipc")
    cases = [
        Case("sd15", "text-to-image", name, (seed,), 6 + seed, {"deterministic": False})
        for seed, name in enumerate(schedulers)
    ]
    forwards = sd.batcher.forwards
    alone = [draw_latents(sd, case) for case in cases]
    forwards_alone = sd.batcher.forwards - forwards
    checkpoints = [stop_after(sd, case, 3)[0] if seed % 2 else None for seed, case in enumerate(cases)]

    forwards = sd.batcher.forwards
    all_under_way = Barrier(len(cases))
    with ThreadPoolExecutor(len(cases)) as threads:
        draw_together = partial(draw_latents, sd, after_first_step=partial(all_under_way.wait, timeout=60))
        together = list(threads.map(draw_together, cases, checkpoints))

    assert sd.batcher.forwards - forwards < forwards_alone - 3 * 3
    for one, other in zip(alone, together, strict=True):
        assert (one - other).abs().max() <= 1e-4 * (one.max() - one.min())


def draw_latents(
    model: LoadedModel,
    case: Case,
    checkpoint: Checkpoint | None = None,
    after_first_step: Callable[[], object] = lambda: None,
) -> torch.Tensor:
    """The latents after the last step."""
    ends: list[StepEnd] = []

    def keep_end(end: StepEnd) -> None:
        ends.append(end)
        if len(ends) == 1:
            after_first_step()

    render_images(model, Drawing(case.request, case.seeds), on_step=keep_end, checkpoint=checkpoint)
    return ends[-1].latents
