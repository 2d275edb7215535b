"""`on_step` is called at the end of every step, whatever a step is to the pipeline and its scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch

from tests.rendering.batching.company import draw
from tests.rendering.resuming import Case, TinyModels
from worker.rendering.models import LoadedModel
from worker.rendering.watch_steps import StepEnd


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyModels]:
    models = TinyModels(tmp_path_factory.mktemp("stepping"), ["sd15", "pixart"])
    yield models
    models.close()


def list_steps(model: LoadedModel, case: Case) -> list[StepEnd]:
    """The ends of all steps of a successful render."""
    ends: list[StepEnd] = []
    outcome = draw(model, case, on_step=ends.append)
    assert outcome.error is None
    return ends


@pytest.mark.parametrize(
    ("case", "steps"),
    [
        (Case("sd15", "text-to-image", "ddim", steps=5), 5),
        # A scheduler of second order takes two steps for each, except for the last.
        (Case("sd15", "text-to-image", "heun", steps=5), 9),
        # PNDM takes one step twice.
        (Case("sd15", "text-to-image", "pndm", steps=5), 6),
        # A picture that is noised to half its strength takes half of the steps.
        (Case("sd15", "image-to-image", "ddim", steps=10, changes={"strength": 0.5}), 5),
        (Case("sd15", "inpainting", "euler", steps=10, changes={"strength": 0.3}), 3),
        # This pipeline has no callback for its steps, and no attribute with their number.
        (Case("pixart", "text-to-image", "own", steps=5), 5),
        (Case("pixart", "text-to-image", "own", steps=1), 1),
    ],
    ids=lambda value: f"{value.id}-{value.steps}" if isinstance(value, Case) else "",
)
def test_every_step_is_seen(models: TinyModels, case: Case, steps: int) -> None:
    """Steps count from 1 to their number, which each of them knows; only the last one is the last."""
    ends = list_steps(models.get(case.family), case)

    assert [end.step for end in ends] == list(range(1, steps + 1))
    assert {end.steps for end in ends} == {steps}
    assert [end.is_last for end in ends] == [False] * (steps - 1) + [True]


@pytest.mark.parametrize("family", ["sd15", "pixart"])
def test_latents_are_seen(models: TinyModels, family: str) -> None:
    """Each step has the latents of all the job's pictures: finite, and other than at the step before."""
    latents = [
        end.latents for end in list_steps(models.get(family), Case(family, "text-to-image", "own", seeds=(1, 2, 3)))
    ]

    assert {len(each) for each in latents} == {3}
    assert all(bool(torch.isfinite(each).all()) for each in latents)
    for sooner, later in pairwise(latents):
        assert not torch.equal(sooner, later)


@pytest.mark.parametrize("family", ["sd15", "pixart"])
@pytest.mark.parametrize("step", [1, 3, 5])
def test_an_error_at_a_step_ends_the_render(models: TinyModels, family: str, step: int) -> None:
    """No further step is taken, no further forward runs, and the model's next job is drawn as usual."""
    model = models.get(family)
    case = Case(family, "text-to-image", "own" if family == "pixart" else "ddim")
    before = draw(model, case)
    stop = RuntimeError("enough")
    forwards = model.batcher.forwards

    def end_step(end: StepEnd) -> None:
        if end.step == step:
            raise stop

    outcome = draw(model, case, on_step=end_step)

    assert outcome.error is stop
    assert outcome.steps_seen == step
    assert model.batcher.forwards - forwards == step
    assert model.batcher.jobs_in_flight == 0
    after = draw(model, case)
    assert before.pixels is not None
    assert after.pixels is not None
    assert after.pixels.tobytes() == before.pixels.tobytes()


def test_a_job_at_its_last_step_is_not_waited_for(models: TinyModels) -> None:
    """At the end of the last step the job is not in flight any more: while it decodes, other jobs continue."""
    model = models.get("sd15")
    in_flight: dict[int, int] = {}

    def end_step(end: StepEnd) -> None:
        in_flight[end.step] = model.batcher.jobs_in_flight

    draw(model, Case("sd15", "text-to-image", "ddim", steps=3), on_step=end_step)

    assert in_flight == {1: 1, 2: 1, 3: 0}
