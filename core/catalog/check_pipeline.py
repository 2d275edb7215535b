"""Compare a section of the models file with what its pipeline class can do."""

from __future__ import annotations

import difflib

from core.catalog.entry import ModelEntry
from core.catalog.families import is_controlled, list_refused
from core.catalog.signatures import PipelineSignature, find_signature, find_task_signature, list_pipeline_classes

#: Parameters that have fields of their own in a section, or that the engine sets for each job.
_NOT_IN_DEFAULTS = {
    *("prompt", "width", "height", "num_inference_steps", "guidance_scale"),
    *("image", "mask_image", "control_image"),
}


def check_pipeline(entry: ModelEntry, class_name: str) -> None:
    """Raises ValueError, whose message begins with the field, if the pipeline class cannot do what the section says."""
    if class_name in (refused := list_refused()):
        raise ValueError(f"pipeline: {class_name} cannot be served: {refused[class_name]}")
    if find_signature(class_name) is None:
        nearest = difflib.get_close_matches(class_name, list_pipeline_classes(), n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise ValueError(f"pipeline: {class_name!r} is no pipeline class that Darkroom knows{hint}")

    known: set[str] = set()
    for task in entry.tasks:
        signature = find_task_signature(class_name, task, controlled=is_controlled(class_name))
        if signature is None:
            raise ValueError(f"tasks: {class_name} has no {task}")
        known |= set(signature.parameters)
        _check_drawn_size(entry, signature)
    if entry.controlnet is not None and find_task_signature(class_name, entry.tasks[0], controlled=True) is None:
        raise ValueError(f"controlnet: {class_name} has no pipeline with a ControlNet")
    _check_names(entry, class_name, known)
    _check_sizes(entry, class_name)


def _check_names(entry: ModelEntry, class_name: str, known: set[str]) -> None:
    for name in entry.defaults:
        if name not in known or name in _NOT_IN_DEFAULTS:
            raise ValueError(f"defaults.{name}: no parameter of {class_name} that can have a default here")
    for name in entry.without:
        if name not in known or name == "prompt":
            raise ValueError(f"without: {class_name} has no parameter {name!r} to do without")


def _check_drawn_size(entry: ModelEntry, signature: PipelineSignature) -> None:
    drawn = signature.facts.draws_pixels
    if drawn is not None and entry.max_width * entry.max_height < drawn:
        raise ValueError(
            f"max_width: {signature.class_name} draws {drawn:,} pixels whatever size is asked for, and max_width x max_height "
            "are fewer"
        )


def _check_sizes(entry: ModelEntry, class_name: str) -> None:
    step = entry.size_step_of(class_name)
    for field in ("default_width", "default_height", "max_width", "max_height"):
        if getattr(entry, field) % step:
            raise ValueError(f"{field}: {class_name} needs multiples of {step}")
