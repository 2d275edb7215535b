"""One parked call of a denoiser: its arguments, what may join it, and where its job waits for the answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import torch

from worker.rendering.batching.batch_job import BatchJob
from worker.rendering.batching.key import build_key
from worker.rendering.batching.rows import Rows, read_images, read_rows


@dataclass(eq=False)
class DenoiserCall:
    """A call that its job's thread waits for. Made by `read_call`."""

    job: BatchJob
    #: The module's own forward, with everything that is bound to it.
    forward: Callable[..., Any]
    #: By the name of the parameter.
    arguments: dict[str, Any]
    rows: Rows
    #: Calls with equal keys may share a forward.
    key: Hashable
    #: Calls of one shape cost the same for each row: module and size, without values.
    shape: Hashable
    parked_at: float = 0.0
    _done: threading.Event = field(default_factory=threading.Event)
    _output: Any = None
    _error: BaseException | None = None

    def succeed(self, output: Any) -> None:
        """The job's rows of the output; it gets them with `answer`."""
        self._output = output

    def fail(self, error: BaseException) -> None:
        """What to raise in the job's thread, with `answer`."""
        self._error = error

    def answer(self) -> None:
        """Let the job's thread go on."""
        self._done.set()

    def wait(self) -> Any:
        """The output, once there is one. Raises what the forward raised for these rows."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._output


def read_call(job: BatchJob, module_name: str, forward: Callable[..., Any], arguments: dict[str, Any]) -> DenoiserCall:
    """The call, ready to be parked. A call without rows, and each of a deterministic job, is joined by nobody."""
    rows = read_rows(arguments)
    if rows is None:
        alone = ("alone", id(arguments))
        return DenoiserCall(job, forward, arguments, Rows(1, are_listed=False), alone, (module_name, "without rows"))

    arguments = _settle_timestep(arguments, rows)
    own = id(job) if job.is_deterministic else None
    key = (module_name, job.adapters, own, build_key(arguments, rows, job.digests))
    return DenoiserCall(job, forward, arguments, rows, key, shape=(module_name, _image_shape(arguments)))


def _settle_timestep(arguments: dict[str, Any], rows: Rows) -> dict[str, Any]:
    """A floating timestep for each row, which pipelines with one for all of them mean: jobs at different steps can
    share a forward only so.

    Whole numbers become float32, as the models' timestep embeddings make of them anyhow, so that jobs whose schedulers
    count in whole numbers meet those whose do not.
    """
    timestep = arguments.get("timestep")
    if not isinstance(timestep, torch.Tensor):
        return arguments
    if not timestep.is_floating_point():
        timestep = timestep.to(torch.float32)
    if timestep.dim() == 0 or tuple(timestep.shape) == (1,):
        timestep = timestep.expand(rows.count)
    return arguments | {"timestep": timestep}


def _image_shape(arguments: dict[str, Any]) -> Hashable:
    images = read_images(arguments)
    if isinstance(images, torch.Tensor):
        return (*images.shape[1:], str(images.dtype))
    return (*max((tuple(image.shape) for image in images), default=()), "listed")
