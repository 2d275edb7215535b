"""Jobs that share forwards get the pictures that they get alone, in every family."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bench.tiny_families import FAMILIES
from tests.rendering.parity.company import BOUND, draw_alone, draw_together, measure_difference
from tests.rendering.parity.mixes import Job, build_case, mix
from tests.rendering.quick import SAMPLE, TWINS
from tests.rendering.resuming import TinyModels

#: The others draw mixes in `make test-slow`; those with the same pipeline classes as another one in `make test-thorough`.
EVERY_FAMILY = [
    pytest.param(
        family, marks=[] if family in SAMPLE else pytest.mark.thorough if family in TWINS else pytest.mark.slow
    )
    for family in FAMILIES
]


@pytest.mark.parametrize("family_id", EVERY_FAMILY)
def test_twelve_mixed_jobs_are_drawn_as_if_alone(tiny_models: TinyModels, family_id: str) -> None:
    """Jobs that differ in everything, start late, end early or are cancelled do not affect each other."""
    model = tiny_models.get(family_id)
    jobs = mix(model, family_id)
    _assert_mixed(jobs, family_id)
    before = model.batcher.forwards

    alone = draw_alone(model, jobs)
    forwards_alone, before = model.batcher.forwards - before, model.batcher.forwards
    together = draw_together(model, jobs)
    forwards_together = model.batcher.forwards - before

    differences = [measure_difference(*pair) for pair in zip(together, alone, strict=True)]
    print(f"{family_id}: {max(differences):.1e} of the range, {forwards_alone} -> {forwards_together} forwards")
    assert max(differences) <= BOUND
    for shared, own in zip(together, alone, strict=True):
        # Values that are equal to a hundredth of a level can still be rounded to two levels.
        assert all(np.abs(a - b).max() <= 1 for a, b in zip(shared.pictures, own.pictures, strict=True))
    met = [max(shared.batch_rows) > max(own.batch_rows) for shared, own in zip(together, alone, strict=True)]
    assert sum(met) >= 6
    assert forwards_together <= 0.9 * forwards_alone
    [cancelled] = [shared for shared, job in zip(together, jobs, strict=True) if job.is_cancelled]
    assert (cancelled.steps, cancelled.pixels) == (2, None)


@pytest.mark.parametrize("family_id", EVERY_FAMILY)
def test_jobs_of_one_shape_share_most_forwards(tiny_models: TinyModels, family_id: str) -> None:
    """For six jobs of one size with different steps, seeds, guidance and pictures, most forwards serve several."""
    model = tiny_models.get(family_id)
    family = FAMILIES[family_id]
    jobs = [
        Job(
            build_case(
                family_id,
                task=family.tasks[place % len(family.tasks)],
                seeds=(place,),
                steps=6 + place % 2,
                guidance=3.0 + place,
                strength=1.0,
            )
        )
        for place in range(6)
    ]
    before = model.batcher.forwards

    alone = draw_alone(model, jobs)
    forwards_alone, before = model.batcher.forwards - before, model.batcher.forwards
    together = draw_together(model, jobs)
    forwards_together = model.batcher.forwards - before

    assert max(measure_difference(*pair) for pair in zip(together, alone, strict=True)) <= BOUND
    assert forwards_together <= 0.7 * forwards_alone


def test_jobs_are_told_apart(tiny_models: TinyModels) -> None:
    """Two jobs that differ only in guidance differ by more than ten times the bound."""
    model = tiny_models.get("sd15")
    one = Job(build_case("sd15", guidance=3.0))
    other = dataclasses.replace(one, case=build_case("sd15", guidance=3.5))

    drawn = draw_together(model, [one, other])

    assert measure_difference(*drawn) > 10 * BOUND


def _assert_mixed(jobs: list[Job], family_id: str) -> None:
    requests = [job.case.request for job in jobs]
    family = FAMILIES[family_id]
    assert {job.case.task for job in jobs} == set(family.tasks)
    assert {(request["width"], request["height"]) for request in requests} == set(family.sizes)
    assert len({request["num_inference_steps"] for request in requests}) == 3
    assert len({request["prompt"] for request in requests}) == 4
    assert family.guidance in family.call or len({request[family.guidance] for request in requests}) == 4
    assert len({job.case.scheduler for job in jobs}) >= 2
