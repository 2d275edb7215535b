"""Whatever ends one job of a batch of eight, the other seven have the outcome that they have alone."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import LeaseLost
from tests.rendering.batching.company import EIGHTH, SEVEN, OnStep, Outcome, draw_alone, draw_together, with_changes
from tests.rendering.quick import few_quick
from worker.rendering.errors import JobCancelled, NonFiniteResult, WorkerDraining
from worker.rendering.models import LoadedModel
from worker.rendering.watch_steps import StepEnd

#: Larger than any number in a job's latents: the denoiser recognises the rows of the eighth job by it.
_MARK = 12_345.0

#: After so many steps jobs wait for each other: on a busy machine one is through otherwise before another gets to its next step.
_MEETINGS = 4

SHARING = with_changes([*SEVEN, EIGHTH], deterministic=False)


def raise_at(step: int, error: Exception) -> OnStep:
    def end_step(end: StepEnd) -> None:
        if end.step == step:
            raise error

    return end_step


def write_from(step: int, value: float) -> OnStep:
    """Write `value` into one number of the denoiser's next input, at this step and each later one."""

    def end_step(end: StepEnd) -> None:
        if end.step >= step:
            end.latents[0, 0, 0, 0] = value

    return end_step


def fail_on_mark(model: LoadedModel, error: Exception) -> Callable[[], list[int]]:
    """From the first forward that the marked job shares with others, each forward with the mark in its rows raises the
    error. Returns a function that lists the rows of those forwards.
    """
    failed: list[int] = []

    def look(_module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        is_marked = bool((arguments[0] == _MARK).any())
        if is_marked and (failed or len(arguments[0]) > 2):
            failed.append(len(arguments[0]))
            raise error

    model.pipeline.components["unet"].conv_in.register_forward_pre_hook(look)
    return lambda: failed


def draw_marked(model: LoadedModel, failed: Callable[[], list[int]]) -> list[Outcome]:
    """All eight jobs, the eighth with the mark: again until it has met another one in a forward. On a busy machine it may be
    through with its six steps before another thread gets to its next one.
    """
    for _ in range(10):
        outcomes = draw_together(model, SHARING, {7: write_from(2, _MARK)}, meetings=_MEETINGS)
        if failed():
            return outcomes
    raise AssertionError("the eighth job never shared a forward")


def assert_seven_unharmed(outcomes: list[Outcome], alone: list[Outcome]) -> None:
    """The seven pictures are the same bit for bit, and their forwards were shared."""
    for outcome, reference in zip(outcomes[:7], alone, strict=True):
        assert outcome.error is None
        assert outcome.steps_seen == reference.steps_seen
        assert outcome.pixels is not None
        assert reference.pixels is not None
        assert np.array_equal(outcome.pixels, reference.pixels)
    rows_alone = mean(mean(outcome.batch_rows) for outcome in alone)
    assert mean(mean(outcome.batch_rows) for outcome in outcomes[:7]) > rows_alone + 0.5


def test_the_seven_differ(seven_alone: list[Outcome]) -> None:
    """No two pictures of the seven are equal, so that none can be mistaken for another."""
    pictures = [
        picture.tobytes() for outcome in seven_alone if outcome.pixels is not None for picture in outcome.pixels
    ]
    assert len(pictures) == 8
    assert len(set(pictures)) == 8


@pytest.mark.parametrize("step", few_quick(range(1, EIGHTH.steps + 1), {1, 3, EIGHTH.steps}))
def test_a_job_is_cancelled_at_any_step(double: LoadedModel, seven_alone: list[Outcome], step: int) -> None:
    """A job that is cancelled at a step takes no further step, and no other job changes."""
    outcomes = draw_together(double, SHARING, {7: raise_at(step, JobCancelled())}, meetings=_MEETINGS)

    assert isinstance(outcomes[7].error, JobCancelled)
    assert outcomes[7].steps_seen == step
    assert_seven_unharmed(outcomes, seven_alone)


@pytest.mark.parametrize("error", [WorkerDraining(), LeaseLost(), TimeoutError("past its deadline"), MemoryError()])
def test_a_job_is_given_up(double: LoadedModel, seven_alone: list[Outcome], error: Exception) -> None:
    """A job that is handed back, lost, late or too large for its own thread ends with that error, and no other job changes."""
    outcomes = draw_together(double, SHARING, {7: raise_at(3, error)}, meetings=_MEETINGS)

    assert outcomes[7].error is error
    assert_seven_unharmed(outcomes, seven_alone)


def test_a_job_finds_no_memory(double: LoadedModel, seven_alone: list[Outcome]) -> None:
    """A job whose rows do not fit even one by one ends with that error; the jobs that shared its forward get their rows."""
    failed = fail_on_mark(double, torch.OutOfMemoryError("injected"))

    outcomes = draw_marked(double, failed)

    assert isinstance(outcomes[7].error, torch.OutOfMemoryError)
    # First together with others, and at last a single row.
    assert failed()[0] > 2
    assert failed()[-1] == 1
    assert_seven_unharmed(outcomes, seven_alone)


def test_a_forward_raises(double: LoadedModel, seven_alone: list[Outcome]) -> None:
    """A job whose rows the model cannot take ends with the model's error; the jobs that shared its forward get their rows."""
    failed = fail_on_mark(double, ArithmeticError("injected"))

    outcomes = draw_marked(double, failed)

    assert isinstance(outcomes[7].error, ArithmeticError)
    # First together with others, and then alone.
    assert failed()[0] > 2
    assert failed()[1:] == [2]
    assert_seven_unharmed(outcomes, seven_alone)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_jobs_numbers_get_out_of_hand(double: LoadedModel, seven_alone: list[Outcome], value: float) -> None:
    """A job whose latents are not finite fails at its next step; none of its numbers are in another job's."""
    outcomes = draw_together(double, SHARING, {7: write_from(2, value)}, meetings=_MEETINGS)

    assert isinstance(outcomes[7].error, NonFiniteResult)
    assert outcomes[7].steps_seen == 2
    assert_seven_unharmed(outcomes, seven_alone)


def test_a_pipeline_raises(double: LoadedModel, seven_alone: list[Outcome]) -> None:
    """An error of the pipeline's own code between two calls affects only its job."""

    def break_scheduler(pipeline: Any) -> None:
        pipeline.scheduler.scale_model_input = fail_from_third_step(pipeline.scheduler.scale_model_input)

    outcomes = draw_together(double, SHARING, watches={7: break_scheduler}, meetings=_MEETINGS)

    assert isinstance(outcomes[7].error, ArithmeticError)
    assert outcomes[7].steps_seen == 2
    assert_seven_unharmed(outcomes, seven_alone)


def fail_from_third_step(scale: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    calls = 0

    def scale_twice(*arguments: Any, **options: Any) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ArithmeticError("injected")
        return scale(*arguments, **options)

    return scale_twice


def test_deterministic_jobs_are_the_same_to_the_bit(single: LoadedModel) -> None:
    """In float32 too, a deterministic job's latents are those of its run alone, whatever runs beside it."""
    deterministic = with_changes(SEVEN, deterministic=True)
    alone = draw_alone(single, deterministic)
    company = [*deterministic, *with_changes([EIGHTH, *SEVEN[:3]], deterministic=False)]

    outcomes = draw_together(single, company, {7: raise_at(3, JobCancelled())}, meetings=_MEETINGS)

    assert isinstance(outcomes[7].error, JobCancelled)
    assert max(max(outcome.batch_rows) for outcome in outcomes[8:]) > 2
    for outcome, reference in zip(outcomes, alone, strict=False):
        assert outcome.latents is not None
        assert reference.latents is not None
        assert torch.equal(outcome.latents, reference.latents)
        assert outcome.batch_rows == reference.batch_rows


def test_other_jobs_are_the_same_to_the_eye(single: LoadedModel) -> None:
    """In float32, where other kernels compute shared rows, latents stay within 1e-4 of their range. Again until each job has shared a
    forward: on a busy machine one may be through before another thread gets to its next step.
    """
    alone = draw_alone(single, SHARING[:7])

    for _ in range(10):
        outcomes = draw_together(single, SHARING, {7: raise_at(3, JobCancelled())}, meetings=_MEETINGS)
        for outcome, reference in zip(outcomes, alone, strict=False):
            assert outcome.latents is not None
            assert reference.latents is not None
            spread = reference.latents.max() - reference.latents.min()
            assert (outcome.latents - reference.latents).abs().max() <= 1e-4 * spread
        met = [max(one.batch_rows) > max(other.batch_rows) for one, other in zip(outcomes, alone, strict=False)]
        if all(met):
            return
    raise AssertionError("a job never shared a forward")
