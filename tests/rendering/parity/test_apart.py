"""Jobs that a model would confuse never share a forward, and sharing would really be wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from tests.rendering.parity.company import BOUND, Drawn, draw_alone, draw_together, measure_difference
from tests.rendering.parity.mixes import PROMPTS, SHORT, Job, build_case
from tests.rendering.quick import few_quick
from tests.rendering.resuming import Case, TinyModels
from worker.rendering.batching import BatchJob, batcher, call
from worker.rendering.batching.admission import Admission
from worker.rendering.batching.forward import run_forward

WIDE, HIGH = (128, 64), (64, 128)

STEPS = 6


def pair(family_id: str, one: dict[str, Any], other: dict[str, Any]) -> tuple[Case, Case]:
    """Two renders that differ only in the given changes and in their noise."""
    cases = [build_case(family_id, seeds=(seed,), steps=STEPS, **changes) for seed, changes in enumerate((one, other))]
    return cases[0], cases[1]


APART = {
    # Equally many tokens in other positions: FLUX reads the positions of the first row, Qwen-Image the shape of the first.
    "flux-dev-aspect": pair("flux-dev", {"size": WIDE}, {"size": HIGH}),
    "flux2-aspect": pair("flux2-klein", {"size": WIDE}, {"size": HIGH}),
    "qwen-aspect": pair("qwen-image", {"size": WIDE}, {"size": HIGH}),
    # FLUX has no mask for the tokens of a text.
    "flux-dev-text": pair("flux-dev", {"max_sequence_length": 128}, {"max_sequence_length": 256}),
    "sd3-text": pair("sd3", {"max_sequence_length": 128}, {"max_sequence_length": 256}),
    "sd15-text": pair("sd15", {"prompt": SHORT}, {"prompt": PROMPTS[-1]}),
    "sdxl-size": pair("sdxl", {"size": WIDE}, {"size": HIGH}),
}


@pytest.mark.parametrize("name", few_quick(APART, {*APART} - {"flux2-aspect"}))
def test_what_differs_so_is_kept_apart(tiny_models: TinyModels, name: str) -> None:
    """Each of the two has forwards and a picture of its own; a twin of one of them does share."""
    one, other = APART[name]
    model = tiny_models.get(one.family)
    jobs = [Job(one), Job(other), Job(dataclasses.replace(one, seeds=(2,)))]

    alone = draw_alone(model, jobs)
    together = draw_together(model, jobs)

    rows = [max(drawn.batch_rows) for drawn in alone]
    assert [max(drawn.batch_rows) for drawn in together] == [2 * rows[0], rows[1], 2 * rows[2]]
    assert max(_differences(together, alone)) <= BOUND


def test_a_deterministic_job_is_kept_apart(tiny_models: TinyModels) -> None:
    """A job whose request says `deterministic` is bit for bit the same as alone, whatever else is drawn."""
    model = tiny_models.get("sd15")
    jobs = [Job(build_case("sd15", seeds=(seed,), steps=STEPS, deterministic=seed == 0)) for seed in range(3)]

    alone = draw_alone(model, jobs)
    together = draw_together(model, jobs)

    assert [max(drawn.batch_rows) for drawn in together] == [2, 4, 4]
    assert torch.equal(together[0].latents, alone[0].latents)


@pytest.mark.parametrize("name", ["guidance", "pooled_projections", "encoder_hidden_states_mask"])
def test_with_and_without_an_embedding_are_kept_apart(name: str) -> None:
    """A call with guidance (or pooled text, or a mask) as a tensor is not joined with one that has none."""
    rows = {"hidden_states": torch.zeros(2, 4, 8), "timestep": torch.ones(2)}

    def key(value: torch.Tensor | None) -> object:
        return call.read_call(BatchJob(), "transformer", torch.add, rows | {name: value}).key

    assert key(torch.full((2,), 3.0)) != key(None)
    assert key(torch.full((2,), 3.0)) == key(torch.full((2,), 7.5))


@pytest.mark.parametrize("name", few_quick(["flux-dev-aspect", "flux2-aspect", "qwen-aspect"], {"flux-dev-aspect"}))
@pytest.mark.filterwarnings("ignore")
def test_sharing_them_would_be_wrong(tiny_models: TinyModels, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """If two aspect ratios are made to share, one is wrong without an error: the key prevents that."""
    one, other = APART[name]
    model = tiny_models.get(one.family)
    jobs = [Job(one), Job(other)]
    alone = draw_alone(model, jobs)
    monkeypatch.setattr(call, "build_key", lambda *_: "anybody")

    # The first row's positions are used for all, and the first call is a matter of chance: here each is first in turn.
    largest = []
    for first in range(2):
        company = [BatchJob(), BatchJob()]
        with monkeypatch.context() as patched:
            patched.setattr(batcher, "run_forward", _with_first(company[first]))
            together = draw_together(model, jobs, company)
        assert all(max(shared.batch_rows) > max(own.batch_rows) for shared, own in zip(together, alone, strict=True))
        largest.append(max(_differences(together, alone)))

    assert max(largest) > 10 * BOUND


def _with_first(job: BatchJob) -> Callable[[list[call.DenoiserCall], Admission], None]:
    return lambda calls, admission: run_forward(sorted(calls, key=lambda one: one.job is not job), admission)


def _differences(together: Sequence[Drawn], alone: Sequence[Drawn]) -> list[float]:
    return [measure_difference(*drawn) for drawn in zip(together, alone, strict=True)]
