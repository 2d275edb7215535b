"""What diffusers' pipelines accept, without diffusers: read from a file that the worker's side writes.

`python -m worker.rendering.pipelines.write_signatures` writes it again, after an upgrade of diffusers or a change of
`families.toml`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from core.catalog.families import ClassFacts, Input, Task, find_facts, find_family

Kind = Literal["text", "number", "integer", "boolean", "image"]
#: What a pipeline makes of num_inference_steps x strength: a whole number of steps, rounded down or up; or it does all
#: steps, and the strength says only where they begin.
StepRounding = Literal["down", "up", "all"]

SIGNATURES_PATH = Path(__file__).with_name("pipeline_signatures.json")

_NOTHING_SPECIAL = Input()


@dataclass(frozen=True)
class Parameter:
    """One parameter of a pipeline's `__call__`."""

    kind: Kind
    default: Any
    #: The pipeline's name for it: the same as ours, but first-generation ControlNet pipelines call the control image
    #: `image`.
    argument: str
    #: Whether the pipeline cannot be called without it.
    is_required: bool = False
    #: Of an image, or a number that goes with one: as few and as many as one request may give.
    least: int = 1
    most: int = 1
    #: Of several images with names of their own: the names of all.
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineSignature:
    """What a pipeline class accepts."""

    class_name: str
    parameters: Mapping[str, Parameter]
    #: Of classes with a `strength`; "all" for the others.
    step_rounding: StepRounding
    facts: ClassFacts


def find_signature(class_name: str) -> PipelineSignature | None:
    """What the class accepts, or None if Darkroom does not know the class."""
    return _read_signatures().get(class_name)


def find_task_signature(class_name: str, task: Task, *, controlled: bool = False) -> PipelineSignature | None:
    """What the class that serves the task with the components of `class_name` accepts, or None if there is none.

    `controlled`: with a ControlNet beside them.
    """
    family = find_family(class_name)
    name = None if family is None else family.find_class(task, controlled=controlled)
    return None if name is None else find_signature(name)


def find_drawing_signature(class_name: str, task: Task, *, with_control_image: bool) -> PipelineSignature | None:
    """What the class accepts that draws a job with the components of `class_name`; None if there is none.

    A job with a control image goes by a ControlNet, unless the class for the task takes control images itself.
    """
    plain = find_task_signature(class_name, task)
    if with_control_image and (plain is None or "control_image" not in plain.parameters):
        return find_task_signature(class_name, task, controlled=True)
    return plain


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
    return {name: _build_signature(name, entry) for name, entry in _read_file()["classes"].items()}


def _build_signature(class_name: str, entry: dict[str, Any]) -> PipelineSignature:
    facts = find_facts(class_name)
    parameters = {}
    for name, (kind, default, *required) in entry["parameters"].items():
        own = facts.find_input(name) or _NOTHING_SPECIAL
        parameters[name] = Parameter(
            kind,
            default,
            argument=own.argument or (facts.prompt_argument if name == "prompt" else None) or name,
            is_required=bool(required),
            least=len(own.arguments) or 1,
            most=len(own.arguments) or own.most,
            arguments=own.arguments,
        )
    return PipelineSignature(class_name, parameters, entry.get("step_rounding", "all"), facts)
