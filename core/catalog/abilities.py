"""What the engine does with a pipeline class, as far as it was measured, and why it does not do the rest."""

from __future__ import annotations

from dataclasses import dataclass

from core.catalog.families import Task
from core.catalog.measured import find_measured
from core.catalog.schedulers import OWN
from core.catalog.signatures import PipelineSignature

#: What a measured class says of its resumes if it has them.
_RESUMES = "supported"


@dataclass(frozen=True)
class Abilities:
    """Of a class with one task. None: not measured."""

    class_name: str
    #: Jobs share forwards.
    batched: bool | None
    #: A render resumes in another process from the step at which it stopped.
    resumable: bool | None
    preview: bool | None
    #: One job can draw several images.
    several_images: bool | None
    #: Between a job that shares forwards and the same job alone, as a part of the range.
    largest_difference: float | None
    #: A sentence for each thing that it does not do and whose reason is known.
    limits: tuple[str, ...]


def find_abilities(signature: PipelineSignature, task: Task) -> Abilities:
    """Of the class with that task."""
    measured = find_measured(signature.class_name, task)
    facts = signature.facts
    limits = [
        *([f"its forwards are not shared: {facts.apart}"] if facts.apart else []),
        *([f"its jobs run one after another: {facts.one_at_a_time}"] if facts.one_at_a_time else []),
        *(
            [f"it draws with no other schedulers than {', '.join((*facts.schedulers, OWN))}"]
            if facts.schedulers is not None
            else []
        ),
    ]
    if measured is None:
        batched = False if facts.apart else None
        return Abilities(signature.class_name, batched, None, None, None, None, tuple(limits))
    if measured.resume != _RESUMES:
        limits.append(f"a render cannot be resumed: {measured.resume}")
    return Abilities(
        class_name=signature.class_name,
        batched=measured.is_batched,
        resumable=measured.resume == _RESUMES,
        preview=measured.has_preview,
        several_images=measured.draws_several,
        largest_difference=measured.largest_difference,
        limits=tuple(limits),
    )
