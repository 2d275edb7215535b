"""Jobs that differ in everything in which jobs can differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from bench.tiny_families import FAMILIES
from core.catalog import Task
from tests.rendering.resuming import Case
from worker.rendering.models import LoadedModel
from worker.rendering.pipelines import allowed_schedulers

SHORT = "a red mug"
PROMPTS = (
    SHORT,
    "a blue bowl",
    "a large red mug and a small blue bowl on a yellow background",
    # Longer than CLIP reads at once.
    "a photo of an astronaut riding a horse on mars, highly detailed, sharp focus, " * 2,
)
GUIDANCES = (3.0, 1.0, 7.5, 4.5)
STRENGTHS = (0.6, 1.0, 0.8)


@dataclass(frozen=True)
class Job:
    """One render, and when it starts and ends."""

    case: Case
    #: Starts when the others have taken a step.
    is_late: bool = False
    #: Is cancelled after its second step.
    is_cancelled: bool = False


def mix(model: LoadedModel, family_id: str, count: int = 12) -> list[Job]:
    """Jobs with different steps, guidance, seeds, schedulers, tasks, sizes and prompts. Every third one is late, and the last
    one is cancelled after its second step.
    """
    family = FAMILIES[family_id]
    schedulers = islice(cycle(allowed_schedulers(model.pipeline)), count)
    # Most have one size and one of two short prompts, so that some can share forwards.
    sizes = [family.sizes[0] if place % 4 else family.sizes[place // 4 % len(family.sizes)] for place in range(count)]
    prompts = [PROMPTS[place % 2] if place % 6 else PROMPTS[2 + place // 6 % 2] for place in range(count)]
    return [
        Job(
            build_case(
                family_id,
                task=family.tasks[place % len(family.tasks)],
                scheduler=scheduler,
                seeds=(100 + place,),
                steps=4 + place % 3,
                guidance=GUIDANCES[place // 2 % len(GUIDANCES)],
                strength=STRENGTHS[place // 3 % len(STRENGTHS)],
                size=sizes[place],
                prompt=prompts[place],
            ),
            is_late=place % 3 == 0,
            is_cancelled=place == count - 1,
        )
        for place, scheduler in enumerate(schedulers)
    ]


def build_case(
    family_id: str,
    *,
    task: Task = "text-to-image",
    scheduler: str = "own",
    seeds: Sequence[int] = (7,),
    steps: int = 4,
    guidance: float = 3.0,
    strength: float = 0.8,
    size: tuple[int, int] | None = None,
    prompt: str = SHORT,
    deterministic: bool = False,
    **changes: Any,
) -> Case:
    """A render that may share its forwards, unless it is deterministic."""
    family = FAMILIES[family_id]
    width, height = size or family.sizes[0]
    asked = {} if family.guidance in family.call else {family.guidance: guidance}
    changes |= {"prompt": prompt, "width": width, "height": height, "strength": strength}
    changes |= {"deterministic": deterministic}
    return Case(family_id, task, scheduler, seeds=tuple(seeds), steps=steps, changes=asked | changes)
