"""Classes whose steps are not those of their scheduler, or that remember more than it: what is reported, and what starts over."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from bench.families.places import Place
from bench.families.render import draw
from bench.families.tiny_models import TinyModels
from bench.tiny_families.every import EVERY_FAMILY
from worker.rendering.checkpoints.unsupported import why_not_resumable
from worker.rendering.errors import CheckpointUnsupported
from worker.rendering.previews import PreviewMaker


@pytest.mark.parametrize(
    ("family_id", "reason"),
    [
        ("semantic-guidance", "its guidance remembers what earlier steps predicted"),
        ("self-attention-guidance", "its guidance reads what the denoiser attended to"),
        ("panorama", "each of its steps goes over the parts of the picture"),
        ("cycle-diffusion", None),
    ],
)
def test_what_remembers_more_than_its_scheduler_starts_over(family_id: str, reason: str | None) -> None:
    """The table of families says why; what can be read between two steps is resumed."""
    assert why_not_resumable(EVERY_FAMILY[family_id].assemble()) == reason


@pytest.mark.slow
def test_a_step_in_parts_is_one_step(tmp_path: Path) -> None:
    """A panorama's step has several of the scheduler's. The job sees it once, with the latents of the whole picture."""
    place = Place("panorama", "text-to-image")
    steps: list[Any] = []

    def note(end: Any) -> None:
        steps.append((end.step, end.steps, end.is_last, tuple(end.latents.shape)))
        with pytest.raises(CheckpointUnsupported, match="goes over the parts of the picture"):
            end.capture()

    with TinyModels(tmp_path, place.family) as models:
        draw(models.load(), place.build_drawing(num_inference_steps=2), on_step=note)

    assert steps == [(1, 2, False, (1, 4, 64, 72)), (2, 2, True, (1, 4, 64, 72))]


def test_a_step_in_parts_has_no_preview() -> None:
    """It would show one part: the scheduler is not watched."""

    def publish(_job_id: UUID, _body: bytes) -> None:
        raise AssertionError

    pipeline = EVERY_FAMILY["panorama"].assemble()
    PreviewMaker(publish).watch(pipeline, uuid4(), width=576, height=512)
    assert "step" not in vars(pipeline.scheduler)
