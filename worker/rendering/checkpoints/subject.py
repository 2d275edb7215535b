"""What a checkpoint is of: everything that must be equal for a render to resume from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from PIL.Image import Image

from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel
from worker.rendering.modules.list_schedulers import find_last_scheduler
from worker.rendering.versions import library_versions

#: JSON values by the name of what they describe.
Subject = dict[str, Any]

#: Another version may draw in another order, keep other attributes or encode a prompt differently.
_LIBRARIES = ("diffusers", "torch", "transformers")


def describe_subject(model: LoadedModel, pipeline: Any, drawing: Drawing) -> Subject:
    """The subject of the render that `pipeline`, with a scheduler of its own, is about to make."""
    scheduler = find_last_scheduler(pipeline)
    return {
        "model": model.id,
        "model's files": dict(model.file_sha256),
        "device": model.device.type,
        "switches": json.loads(json.dumps(model.switches)),
        "dtype": str(model.dtype).removeprefix("torch."),
        "pipeline": type(pipeline).__name__,
        "scheduler": type(scheduler).__name__,
        "scheduler's configuration": _digest_config(scheduler.config),
        "request": json.loads(json.dumps(dict(drawing.request))),
        "seeds": list(drawing.seeds),
        "task": drawing.task,
        "images": {name: _digest_images(images) for name, images in drawing.images.items()},
        "adapters": [[name, scale] for name, scale in drawing.job.adapters],
        # Without the part after the plus: the same torch is built for CPUs and for several GPUs.
        "versions": {name: library_versions()[name].partition("+")[0] for name in _LIBRARIES},
    }


def _digest_config(config: Mapping[str, Any]) -> str:
    # Names with a leading underscore only say where the values come from.
    values = {name: value for name, value in config.items() if not name.startswith("_")}
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=_as_list).encode()).hexdigest()


def _as_list(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else repr(value)


def _digest_images(images: Image | Sequence[Image]) -> str:
    digest = hashlib.sha256()
    for image in [images] if isinstance(images, Image) else images:
        digest.update(f"{image.mode} {image.size} ".encode() + image.tobytes())
    return digest.hexdigest()
