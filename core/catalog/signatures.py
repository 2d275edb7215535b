"""What diffusers' pipelines accept, without diffusers: read from a file that the worker's side writes.

`python -m worker.rendering.pipelines.write_signatures` writes it again, after an upgrade of diffusers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Task = Literal["text-to-image", "image-to-image", "inpainting"]
Kind = Literal["text", "number", "integer", "boolean", "image"]
#: What a pipeline makes of num_inference_steps x strength: a whole number of steps, rounded down or up; or it does all
#: steps, and the strength says only where they begin.
StepRounding = Literal["down", "up", "all"]

SIGNATURES_PATH = Path(__file__).with_name("pipeline_signatures.json")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a pipeline's `__call__`."""

    kind: Kind
    default: Any
    #: The pipeline's name for it: the same as ours, but first-generation ControlNet pipelines call the control image
    #: `image`.
    argument: str


@dataclass(frozen=True)
class PipelineSignature:
    """A pipeline class: which class serves which task with its components, and what it accepts itself."""

    class_name: str
    tasks: Mapping[str, str]
    #: The same with a ControlNet beside them.
    controlled: Mapping[str, str]
    parameters: Mapping[str, Parameter]
    #: Of classes with a `strength`; "all" for the others.
    step_rounding: StepRounding = "all"


def derive_task(images: Collection[str]) -> Task:
    """The task that a request's image fields ask for: of `image`, `mask_image` and `control_image`, those that are set."""
    if "mask_image" in images:
        return "inpainting"
    return "image-to-image" if "image" in images else "text-to-image"


def find_signature(class_name: str) -> PipelineSignature | None:
    """What the class accepts, or None if Darkroom does not know the class."""
    return _read_signatures().get(class_name)


def find_task_signature(class_name: str, task: str, *, controlled: bool = False) -> PipelineSignature | None:
    """What the class that serves the task with the components of `class_name` accepts, or None if there is none."""
    own = find_signature(class_name)
    if own is None:
        return None
    name = (own.controlled if controlled else own.tasks).get(task)
    return None if name is None else find_signature(name)


def list_pipeline_classes() -> list[str]:
    """Every class that a catalog can name."""
    return list(_read_signatures())


def takes_eta(scheduler_class: str) -> bool:
    """Whether the steps of diffusers' scheduler class take `eta`."""
    return scheduler_class in _read_file()["schedulers_with_eta"]


@cache
def _read_file() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(SIGNATURES_PATH.read_text(encoding="utf-8"))
    return content


@cache
def _read_signatures() -> dict[str, PipelineSignature]:
    return {
        class_name: PipelineSignature(
            class_name=class_name,
            tasks=entry["tasks"],
            controlled=entry["controlled"],
            parameters={
                name: Parameter(kind, default, argument[0] if argument else name)
                for name, (kind, default, *argument) in entry["parameters"].items()
            },
            step_rounding=entry.get("step_rounding", "all"),
        )
        for class_name, entry in _read_file()["classes"].items()
    }
