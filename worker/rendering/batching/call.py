"""One parked call of a denoiser: its arguments, the key of the calls that can join it, and the answer that its job waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from worker.rendering.batching.batch_job import BatchJob
from worker.rendering.batching.key import build_key
from worker.rendering.batching.rows import Rows, read_images, read_rows

#: Arguments that hold a tensor for each layer of a text encoder, and the rows in each: [layers, rows, tokens, width].
_LAYERS_FIRST = frozenset({"encoder_hidden_states_llama3"})


@dataclass(eq=False)
class DenoiserCall:
    """A call that its job's thread waits for. Built by `read_call`."""

    job: BatchJob
    #: The module's own forward, bound to the module.
    forward: Callable[..., Any]
    #: By parameter name.
    arguments: dict[str, Any]
    rows: Rows
    #: Calls with equal keys may share a forward.
    key: Hashable
    #: Module and size, without values: a row costs the same in all calls of one shape.
    shape: Hashable
    parked_at: float = 0.0
    _done: threading.Event = field(default_factory=threading.Event)
    _output: Any = None
    _error: BaseException | None = None

    def succeed(self, output: Any) -> None:
        """Set the job's rows of the output; the job gets them after `answer`."""
        self._output = output

    def fail(self, error: BaseException) -> None:
        """Set the error to raise in the job's thread after `answer`."""
        self._error = error

    def answer(self) -> None:
        """Let the job's thread continue."""
        self._done.set()

    def wait(self) -> Any:
        """Wait for the answer and return the output. Raises what the forward raised for these rows."""
        self._done.wait()
        # Whoever else holds this call keeps neither what it brought nor what it was called with.
        output, error = self._output, self._error
        self._output, self._error, self.arguments = None, None, {}
        try:
            if error is not None:
                raise error
            return output
        finally:
            # Its traceback holds this frame, which would hold it in turn: only the garbage collector would free either.
            del error


def read_call(job: BatchJob, module_name: str, forward: Callable[..., Any], arguments: dict[str, Any]) -> DenoiserCall:
    """The call, ready to be parked. No other call joins a call without rows or a call of a job that runs alone."""
    rows = read_rows(arguments)
    if rows is None:
        alone = ("alone", id(arguments))
        return DenoiserCall(job, forward, arguments, Rows(1, are_listed=False), alone, (module_name, "without rows"))

    forward, arguments = _put_rows_first(forward, _settle_timestep(arguments, rows))
    own = id(job) if job.goes_alone or job.is_alone else None
    key = (module_name, job.adapters, own, build_key(arguments, rows, job.digests))
    return DenoiserCall(job, forward, arguments, rows, key, shape=(module_name, _image_shape(arguments)))


def _settle_timestep(arguments: dict[str, Any], rows: Rows) -> dict[str, Any]:
    """A floating-point timestep for each row, also if the pipeline passes one for all rows: only then can jobs at different
    steps share a forward.

    Integers become float32, as they do in the models' timestep embeddings, so that jobs whose schedulers count in integers
    can share a forward with jobs whose schedulers do not.
    """
    timestep = arguments.get("timestep")
    if not isinstance(timestep, torch.Tensor) or _are_tokens(read_images(arguments)):
        return arguments
    if not timestep.is_floating_point():
        timestep = timestep.to(torch.float32)
    if timestep.dim() == 0 or tuple(timestep.shape) == (1,):
        timestep = timestep.expand(rows.count)
    elif timestep.dim() == 1 and timestep.shape[0] < rows.count and rows.count % timestep.shape[0] == 0:
        # PRX has one for each half of the guidance, however many images a job has.
        timestep = timestep.repeat_interleave(rows.count // timestep.shape[0])
    return arguments | {"timestep": timestep}


def _are_tokens(images: Any) -> bool:
    """Whether a picture's latents are entries of a codebook: such a model looks its timestep up in a table, by a whole number that
    holds for all rows.
    """
    return isinstance(images, torch.Tensor) and not images.is_floating_point()


def _put_rows_first(
    forward: Callable[..., Any], arguments: dict[str, Any]
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A forward that takes the rows of all its tensors in the first dimension, and the arguments for it."""
    names = [name for name in _LAYERS_FIRST if isinstance(arguments.get(name), torch.Tensor)]
    if not names:
        return forward, arguments
    turned = {name: arguments[name].transpose(0, 1) for name in names}
    return partial(_put_layers_first, forward), arguments | turned


def _put_layers_first(forward: Callable[..., Any], **arguments: Any) -> Any:
    turned = {name: value.transpose(0, 1) for name, value in arguments.items() if name in _LAYERS_FIRST}
    return forward(**arguments | turned)


def _image_shape(arguments: dict[str, Any]) -> Hashable:
    images = read_images(arguments)
    if isinstance(images, torch.Tensor):
        return (*images.shape[1:], str(images.dtype))
    rows = [[image] if isinstance(image, torch.Tensor) else image for image in images]
    largest = max((tuple(image.shape) for row in rows for image in row), default=())
    return (*largest, max(map(len, rows), default=0), "listed")
