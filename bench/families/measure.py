"""What the engine does with one class: measured, as the table of docs/families.md shows it."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

from bench.families.bare import draw_bare
from bench.families.places import PROMPTS, Place
from bench.families.render import MEETINGS, Drawn, draw, draw_together
from worker.rendering.checkpoints import Checkpoint
from worker.rendering.models import LoadedModel
from worker.rendering.modules.list_schedulers import find_last_scheduler, find_step_method
from worker.rendering.pipelines import allowed_schedulers
from worker.rendering.previews.draw import Painter
from worker.rendering.previews.estimate import StepTaken

#: Largest difference of a job that shares forwards from the same job alone, as a part of the range.
BOUND = 1e-4

#: What another seed or prompt changes at least, as a part of the range.
_LEAST_EFFECT = 1e-3


@dataclass(frozen=True)
class Measured:
    """One class, as one of its tasks draws."""

    class_name: str
    task: str
    #: A job alone equals diffusers' own pipeline bit for bit.
    equals_bare: bool
    #: Jobs share forwards.
    is_batched: bool
    #: Between a job among others and the same job alone.
    largest_difference: float
    #: Of the images of one job, and those of jobs of one image each; None if a job draws one image only.
    several_images_difference: float | None
    #: Of a job whose neighbour was cancelled, and the same job alone.
    cancel_difference: float
    #: `supported`, or why a render cannot be resumed.
    resume: str
    #: A resumed render equals one that was not stopped bit for bit; None if it cannot be resumed.
    resumes_exactly: bool | None
    has_preview: bool
    #: Which kind of schedulers its models may have.
    schedulers: str

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


class Stopped(Exception):
    """The job is cancelled."""


def measure(model: LoadedModel, folder: Path, place: Place) -> Measured:
    """All of it. `folder` holds the model's files."""
    facts = place.signature.facts
    alone = draw(model, place.build_drawing())
    _refuse_deaf(model, place, alone)
    several = _measure_several(model, place) if place.family.most_images > 1 else None
    resumed = _stop_and_resume(model, place, alone.steps) if alone.resume == "supported" else None
    differences, is_batched = _measure_company(model, place)
    return Measured(
        class_name=place.signature.class_name,
        task=place.task,
        equals_bare=alone.equals(draw_bare(folder, place, (7,))),
        is_batched=is_batched,
        largest_difference=max(differences),
        several_images_difference=several,
        cancel_difference=_measure_cancel(model, place, alone, meet=facts.one_at_a_time is None),
        resume=alone.resume,
        resumes_exactly=None if resumed is None else resumed.equals(alone),
        has_preview=_has_preview(model, place),
        schedulers=_name_schedulers(model.pipeline),
    )


def _name_schedulers(pipeline: Any) -> str:
    names = allowed_schedulers(pipeline) if hasattr(pipeline, "scheduler") else ()
    kinds = {"flow": "flow_match_euler", "noise": "ddim", "lcm": "lcm"}
    return next((kind for kind, name in kinds.items() if name in names), "own")


def _refuse_deaf(model: LoadedModel, place: Place, alone: Drawn) -> None:
    """Random weights can have no effect at all, and then everything equals everything. Raises ValueError."""
    changes: list[dict[str, Any]] = [{"seeds": (11,)}]
    if "prompt" not in place.family.call:
        changes.append({"prompt": PROMPTS[1]})
    if "class_labels" in place.family.call:
        changes.append({"class_labels": place.family.call["class_labels"] + 1})
    for change in changes:
        other = draw(model, place.build_drawing(**change))
        if other.differs_from(alone) < _LEAST_EFFECT:
            raise ValueError(f"{place} draws the same whatever its {next(iter(change))} is")


def _measure_several(model: LoadedModel, place: Place) -> float:
    both = draw(model, place.build_drawing((7, 8)))
    ones = [draw(model, place.build_drawing((seed,))) for seed in (7, 8)]
    # DiT steps with the rows of guidance too: each half holds every image.
    parts = [Drawn([both.pictures[index]], both.latents[index::2], both.steps) for index in (0, 1)]
    return max(part.differs_from(one) for part, one in zip(parts, ones, strict=True))


def _measure_company(model: LoadedModel, place: Place) -> tuple[list[float], bool]:
    """Four jobs of other seeds and prompts, side by side and alone."""
    family = place.family
    changes: list[dict[str, Any]] = [
        ({} if "prompt" in family.call else {"prompt": prompt}) | {family.guidance: guidance}
        for prompt, guidance in zip(PROMPTS, (3.0, 2.0, 3.0, 4.0), strict=True)
    ]
    # What every call of the family needs stays as it is.
    changes = [{name: value for name, value in each.items() if name not in family.call} for each in changes]
    alone = [draw(model, place.build_drawing((20 + number,), **each)) for number, each in enumerate(changes)]
    facts = place.signature.facts
    for _ in range(MEETINGS if facts.apart is None and facts.one_at_a_time is None else 1):
        drawings = [place.build_drawing((20 + number,), **each) for number, each in enumerate(changes)]
        together = draw_together(model, drawings, meet=facts.one_at_a_time is None)
        differences = [shared.differs_from(own) for shared, own in zip(together, alone, strict=True)]
        is_batched = any(
            max(shared.batch_rows, default=0) > max(own.batch_rows, default=0)
            for shared, own in zip(together, alone, strict=True)
        )
        if is_batched:
            break
    return differences, is_batched


def _measure_cancel(model: LoadedModel, place: Place, alone: Drawn, *, meet: bool) -> float:
    """A job ends after its second step; the one beside it goes on as if alone."""
    barrier = Barrier(2, timeout=120)

    def wait(step: int) -> None:
        if meet and step == 1:
            barrier.wait()

    def cancelled() -> None:
        def stop(end: Any) -> None:
            wait(end.step)
            if end.step > 1:
                raise Stopped

        try:
            draw(model, place.build_drawing((9,)), on_step=stop)
        except Stopped:
            return
        raise AssertionError(f"{place} could not be cancelled")

    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(cancelled)
        drawn = draw(model, place.build_drawing(), on_step=lambda end: wait(end.step))
        other.result()
    return drawn.differs_from(alone)


def _stop_and_resume(model: LoadedModel, place: Place, steps: int) -> Drawn:
    """A render that is stopped in its middle, and the rest of it."""
    kept: list[Checkpoint] = []

    def stop(end: Any) -> None:
        if end.step == max(1, steps // 2):
            kept.append(end.capture())
            raise Stopped

    try:
        draw(model, place.build_drawing(), on_step=stop)
    except Stopped:
        return draw(model, place.build_drawing(), checkpoint=kept[0])
    raise AssertionError(f"{place} could not be stopped")


def _has_preview(model: LoadedModel, place: Place) -> bool:
    """Whether the first image of the last step can be drawn small."""
    if place.signature.facts.steps_in_parts:
        return False
    width, height = place.family.sizes[0]
    taken: list[tuple[Any, StepTaken]] = []

    def watch(pipeline: Any) -> None:
        scheduler = find_last_scheduler(pipeline)
        step = getattr(scheduler, find_step_method(scheduler) or "")

        @functools.wraps(step)
        def noted(model_output: Any, timestep: Any, sample: Any, *arguments: Any, **options: Any) -> Any:
            result = step(model_output, timestep, sample, *arguments, **options)
            latents = result[0] if isinstance(result, tuple) else result.prev_sample
            index = getattr(scheduler, "step_index", None)
            taken.append(
                (
                    pipeline,
                    StepTaken(
                        model_output=model_output[:1],
                        timestep=timestep,
                        sample=sample[:1],
                        latents=latents[:1],
                        step_index=None if index is None else index - 1,
                    ),
                )
            )
            return result

        setattr(scheduler, find_step_method(scheduler) or "", noted)

    try:
        draw(model, place.build_drawing(), watch=watch)
        Painter().draw(taken[-1][1], taken[-1][0], width, height, None)
    except Exception:  # noqa: BLE001  (what cannot be drawn has no previews, as in a worker)
        return False
    return True
