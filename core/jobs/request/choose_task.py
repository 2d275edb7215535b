"""The task of a request: the one that it names, or the model's first one that takes just the pictures that it has."""

from __future__ import annotations

from core.catalog import ModelEntry, Task
from core.errors import FieldError, InvalidRequest
from core.jobs.request.render_request import RenderRequest

#: Of `image` and `mask_image`, those that a task needs; another task of the same pipeline may take the others.
PICTURES_OF: dict[Task, tuple[str, ...]] = {
    "text-to-image": (),
    "inpainting": ("image", "mask_image"),
    **dict.fromkeys(("image-to-image", "outpaint", "edit", "variation", "upscale"), ("image",)),
}


def choose_task(request: RenderRequest, entry: ModelEntry, model_id: str) -> Task:
    """Raises InvalidRequest, naming the field that is too much or missing."""
    if request.mask_image is not None and request.image is None:
        raise InvalidRequest([FieldError("mask_image", "needs `image`, the picture that it masks")])
    given = tuple(name for name in ("image", "mask_image") if getattr(request, name) is not None)
    fitting: list[Task] = [task for task, pictures in PICTURES_OF.items() if pictures == given]
    for task in entry.tasks:
        if task in fitting:
            return task
    field = given[-1] if given else "prompt"
    raise InvalidRequest([FieldError(field, f"{model_id} has no {fitting[0]}; it has {', '.join(entry.tasks)}")])
