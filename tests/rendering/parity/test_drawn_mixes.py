"""Whatever the mix of jobs is, none of them affects another."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.tiny_families import FAMILIES
from tests.rendering.parity.company import BOUND, draw_alone, draw_together, measure_difference
from tests.rendering.parity.mixes import PROMPTS, Job, build_case
from tests.rendering.resuming import TinyModels
from worker.rendering.pipelines import allowed_schedulers

#: A family with a tensor of images, one with positions, one that masks its text, one with lists of images, and one with
#: a second module at each step.
FEW = ("sd15", "flux-dev", "qwen-image", "z-image", "sdxl-controlnet")

_SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def draw_mix(data: st.DataObject, tiny_models: TinyModels, family_id: str) -> list[Job]:
    """Two to six jobs of the family; the first one is there from the start."""
    family = FAMILIES[family_id]
    schedulers = allowed_schedulers(tiny_models.get(family_id).pipeline)
    job = st.builds(
        Job,
        st.builds(
            build_case,
            st.just(family_id),
            task=st.sampled_from(family.tasks),
            scheduler=st.sampled_from(schedulers),
            seeds=st.lists(st.integers(0, 2**31), min_size=1, max_size=2),
            # Some solvers have no sigmas for fewer steps.
            steps=st.integers(3, 8),
            guidance=st.sampled_from((1.0, 3.0, 7.5)),
            strength=st.sampled_from((0.5, 0.8, 1.0)),
            size=st.sampled_from(family.sizes),
            prompt=st.sampled_from(PROMPTS),
        ),
        is_late=st.booleans(),
        is_cancelled=st.booleans(),
    )
    jobs = data.draw(st.lists(job, min_size=2, max_size=6), label="jobs")
    return [Job(jobs[0].case, is_late=False, is_cancelled=jobs[0].is_cancelled), *jobs[1:]]


def assert_as_if_alone(data: st.DataObject, tiny_models: TinyModels, family_id: str) -> None:
    model = tiny_models.get(family_id)
    jobs = draw_mix(data, tiny_models, family_id)

    together = draw_together(model, jobs)

    for shared, alone in zip(together, draw_alone(model, jobs), strict=True):
        assert shared.steps > 0
        assert measure_difference(shared, alone) <= BOUND


@settings(_SETTINGS, max_examples=4)
@given(data=st.data())
def test_any_mix_is_drawn_as_if_alone(tiny_models: TinyModels, data: st.DataObject) -> None:
    """Random mixes of a few families, with late and cancelled jobs, are drawn as if each job were alone."""
    assert_as_if_alone(data, tiny_models, data.draw(st.sampled_from(FEW), label="family"))


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(_SETTINGS, max_examples=16)
@given(data=st.data())
def test_any_mix_of_any_family_is_drawn_as_if_alone(tiny_models: TinyModels, data: st.DataObject) -> None:
    """Some random mixes of all families are drawn as if each job were alone."""
    assert_as_if_alone(data, tiny_models, data.draw(st.sampled_from(tuple(FAMILIES)), label="family"))


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@settings(_SETTINGS, max_examples=200)
@given(data=st.data())
def test_many_mixes_of_any_family_are_drawn_as_if_alone(tiny_models: TinyModels, data: st.DataObject) -> None:
    """The same with many."""
    assert_as_if_alone(data, tiny_models, data.draw(st.sampled_from(tuple(FAMILIES)), label="family"))
