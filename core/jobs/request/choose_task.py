"""The task of a request: the one that it names, or the model's first one that takes just the pictures that it has."""

from __future__ import annotations

from core.catalog import ModelEntry, Task
from core.errors import FieldError, InvalidRequest
from core.jobs.request.render_request import RenderRequest

#: Of `image`, `mask_image` and `expand`, those that a task needs; it takes none of the others.
FIELDS_OF: dict[Task, tuple[str, ...]] = {
    **dict.fromkeys(("text-to-image", "unconditional"), ()),
    "inpainting": ("image", "mask_image"),
    "outpaint": ("image", "expand"),
    **dict.fromkeys(("image-to-image", "edit", "variation", "upscale", "map"), ("image",)),
}

_ALL_FIELDS = ("image", "mask_image", "expand")

#: What each of them is for, to a request that has it without `image`.
_OF_THE_PICTURE = {
    "mask_image": "needs `image`, the picture that it masks",
    "expand": "needs `image`, the picture that it continues",
}


def choose_task(request: RenderRequest, entry: ModelEntry, model_id: str) -> Task:
    """Raises InvalidRequest, naming each field that is too much or missing."""
    given = tuple(name for name in _ALL_FIELDS if getattr(request, name) is not None)
    if request.task is not None:
        _check_named(request.task, given, entry, model_id)
        return request.task
    if given and "image" not in given:
        raise InvalidRequest([FieldError(given[0], _OF_THE_PICTURE[given[0]], "needs_other_field")])
    task = find_first_task(entry.tasks, given)
    if task is None:
        raise InvalidRequest([_explain_absence(given, entry, model_id)])
    return task


def find_first_task(tasks: tuple[Task, ...], given: tuple[str, ...]) -> Task | None:
    """The first of a model's tasks that takes just these of the fields, or None."""
    return next((task for task in tasks if FIELDS_OF[task] == given), None)


def _check_named(task: Task, given: tuple[str, ...], entry: ModelEntry, model_id: str) -> None:
    if task not in entry.tasks:
        there = f"{model_id} has no {task}; it has {', '.join(entry.tasks)}"
        raise InvalidRequest([FieldError("task", there, "not_allowed", {"enum": list(entry.tasks)})])
    needed = FIELDS_OF[task]
    errors = [
        *(FieldError(name, f"is needed for {task}", "required") for name in needed if name not in given),
        *(FieldError(name, f"is not for {task}", "conflict") for name in given if name not in needed),
    ]
    if errors:
        raise InvalidRequest(errors)


def _explain_absence(given: tuple[str, ...], entry: ModelEntry, model_id: str) -> FieldError:
    fitting = [task for task, needed in FIELDS_OF.items() if needed == given]
    if not fitting:
        return FieldError("expand", "does not go with `mask_image`: it makes a mask of its own", "conflict")
    there = f"{model_id} has no {fitting[0]}; it has {', '.join(entry.tasks)}"
    if given:
        return FieldError(given[-1], there, "not_for_model")
    return FieldError("image", f"is needed: {there}", "required")
