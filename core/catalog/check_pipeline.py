"""Compare a section of the models file with what its pipeline class can do."""

from __future__ import annotations

import difflib

from core.catalog.entry import ModelEntry
from core.catalog.families import (
    find_facts,
    find_family,
    find_joined_class,
    is_controlled,
    list_refused,
    list_stage_classes,
)
from core.catalog.schedulers import OWN
from core.catalog.signatures import PipelineSignature, find_signature, find_task_signature, list_pipeline_classes

#: Parameters that have fields of their own in a section, or that the engine sets for each job.
_NOT_IN_DEFAULTS = {
    *("prompt", "width", "height", "num_inference_steps", "guidance_scale"),
    *("image", "mask_image", "control_image", "ip_adapter_image"),
}


def check_stages(entry: ModelEntry, class_name: str, prior_class: str | None) -> None:
    """Raises ValueError, whose message begins with the field, if the model lacks a stage, or has one that does not fit.

    `class_name` is its own, `prior_class` its prior's; None if it has no prior, or if that is not known.
    """
    joined = find_joined_class(class_name)
    if entry.prior is None:
        if joined != class_name:
            raise ValueError(f"prior: {class_name} draws what a prior has made: name the source of that")
        if class_name in list_stage_classes():
            raise ValueError(f"pipeline: {class_name} draws no picture: its source is the `prior` of a model")
        return
    if joined == class_name:
        raise ValueError(f"prior: {class_name} takes none")
    family = find_family(joined)
    if family is not None and prior_class is not None and prior_class not in family.priors:
        raise ValueError(f"prior: {class_name} needs a {' or a '.join(family.priors)}, and this is a {prior_class}")


def check_pipeline(entry: ModelEntry, class_name: str) -> None:
    """Raises ValueError, whose message begins with the field, if the pipeline class cannot do what the section says."""
    if class_name in (refused := list_refused()):
        raise ValueError(f"pipeline: {class_name} cannot be served: {refused[class_name]}")
    if (signature := find_signature(class_name)) is None:
        nearest = difflib.get_close_matches(class_name, list_pipeline_classes(), n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise ValueError(f"pipeline: {class_name!r} is no pipeline class that Darkroom knows{hint}")
    if (then := signature.facts.then) is not None:
        raise ValueError(f"pipeline: {class_name} draws nothing by itself: name its folder as `redux` of a {then}")

    known: set[str] = set()
    by_redux = False
    for task in entry.tasks:
        signature = find_task_signature(class_name, task, controlled=is_controlled(class_name))
        if signature is None:
            raise ValueError(f"tasks: {class_name} has no {task}")
        known |= set(signature.parameters)
        by_redux = by_redux or signature.facts.then is not None
        _check_drawn_size(entry, signature)
        _check_schedulers(entry, signature)
    if entry.controlnet is not None and find_task_signature(class_name, entry.tasks[0], controlled=True) is None:
        raise ValueError(f"controlnet: {class_name} has no pipeline with a ControlNet")
    _check_extras(entry, class_name, by_redux=by_redux)
    _check_names(entry, class_name, known)
    _check_sizes(entry, class_name)


def check_own_size(entry: ModelEntry, class_name: str, own: tuple[int, int] | None) -> None:
    """Raises ValueError if the class draws the size that its model was made for, `own`, and the section says another. Sides in pixels."""
    named = (entry.default_width, entry.default_height)
    if find_facts(class_name).own_size and own not in {None, named}:
        width, height = own or named
        raise ValueError(f"default_width: this model draws {width} x {height}, and no other size")


def _check_extras(entry: ModelEntry, class_name: str, *, by_redux: bool) -> None:
    family = find_family(class_name)
    assert family is not None
    if by_redux and entry.redux is None:
        raise ValueError(f"redux: {class_name} needs it for variation")
    if entry.redux is not None and not by_redux:
        raise ValueError("redux: is for variation, and tasks has none that it serves")
    if entry.controlnet_names and "controlnets" not in family.extras:
        raise ValueError(f"controlnet: {class_name} takes one ControlNet, not several")
    if entry.ip_adapter is not None:
        _check_ip_adapter(entry, class_name, is_known="ip_adapter" in family.extras)
    if entry.textual_inversions and "textual_inversions" not in family.extras:
        raise ValueError(f"textual_inversions: {class_name} takes none")
    if entry.refiner is not None and "refiner" not in family.extras:
        raise ValueError(f"refiner: {class_name} takes none")
    if entry.refiner is not None and entry.offload != "none":
        raise ValueError("refiner: does not go with offload")


def _check_ip_adapter(entry: ModelEntry, class_name: str, *, is_known: bool) -> None:
    if entry.compile != "off":
        raise ValueError("ip_adapter: does not go with compile, which would compile anew for each scale")
    for task in entry.tasks:
        for controlled in (False, True)[: 1 + (entry.controlnet is not None)]:
            signature = find_task_signature(class_name, task, controlled=controlled)
            if signature is not None and (not is_known or "ip_adapter_image" not in signature.parameters):
                raise ValueError(f"ip_adapter: {signature.class_name}, which draws {task}, takes none here")


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


def _check_schedulers(entry: ModelEntry, signature: PipelineSignature) -> None:
    drawn_with = signature.facts.schedulers
    if drawn_with is not None and (others := {*entry.schedulers} - {*drawn_with, OWN}):
        known = ", ".join((*drawn_with, OWN))
        raise ValueError(f"schedulers: {signature.class_name} does not draw with {min(others)}, only with {known}")


def _check_sizes(entry: ModelEntry, class_name: str) -> None:
    step = entry.size_step_of(class_name)
    for field in ("default_width", "default_height", "max_width", "max_height"):
        if getattr(entry, field) % step:
            raise ValueError(f"{field}: {class_name} needs multiples of {step}")
