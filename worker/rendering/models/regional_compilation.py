"""Regional compilation: a denoiser's repeated blocks are compiled, and one that runs uncompiled after all is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
import torch
import torch.fx.experimental._config as shapes
from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException

from core.logs import describe_error
from core.metrics import COMPILED_GRAPHS, UNCOMPILED_BLOCK_CALLS

#: The most graphs of one kind of block. Torch counts them for the whole process: a kind needs two (one row, and any larger number:
#: torch specialises on 1) for each width that it has in a model, each dtype, and each set of optional arguments. Its own limit
#: of 8 is reached by two models of Stable Diffusion.
_MOST_GRAPHS = 64

_log = structlog.get_logger()


def compile_blocks(denoiser: Any, model_id: str) -> None:
    """Compile the denoiser's repeated blocks when they are first called. Sizes and rows are dynamic in what is compiled, so a new
    size or number of rows compiles nothing new. Raises ValueError if the denoiser has no repeated blocks.

    A block that cannot be compiled, or would need one graph too many, is drawn with as it is: each such call counts as
    `darkroom_uncompiled_block_calls_total`, and the first is logged.
    """
    # Otherwise two sizes that happen to be equal at first (tokens of the text and of the picture) are taken for the same one,
    # and other pictures compile everything again.
    shapes.use_duck_shape = False
    denoiser.compile_repeated_blocks(dynamic=True, fullgraph=True, recompile_limit=_MOST_GRAPHS, backend=_compile)
    report = _Report(model_id)
    for block in denoiser.modules():
        if block._compiled_call_impl is not None:  # noqa: SLF001
            block._compiled_call_impl = _or_uncompiled(block, block._compiled_call_impl, report)  # noqa: SLF001


class _Report:
    """Says of one model that blocks of it run uncompiled."""

    def __init__(self, model_id: str) -> None:
        self._model_id = model_id
        self._is_logged = False
        self._calls = UNCOMPILED_BLOCK_CALLS.labels(model_id)

    def count(self) -> None:
        self._calls.inc()

    def log(self, block: torch.nn.Module, error: Exception) -> None:
        if not self._is_logged:
            self._is_logged = True
            _log.warning(
                "block_not_compiled", model=self._model_id, block=type(block).__name__, error=describe_error(error)
            )


def _compile(graph: torch.fx.GraphModule, inputs: Any) -> Any:
    """Torch's own compiler, counted. One function for all models, so that models of one architecture share what is compiled."""
    from torch._inductor.compile_fx import compile_fx  # takes seconds, and few models are compiled

    COMPILED_GRAPHS.inc()
    return compile_fx(graph, inputs)


def _or_uncompiled(block: torch.nn.Module, compiled: Callable[..., Any], report: _Report) -> Callable[..., Any]:
    is_tried = True

    def call(*positional: Any, **named: Any) -> Any:
        nonlocal is_tried
        if is_tried:
            try:
                return compiled(*positional, **named)
            except FailOnRecompileLimitHit as error:  # what is compiled stays in use, for the calls that it fits
                report.log(block, error)
            except TorchDynamoException as error:  # it would fail again at each call, after a while
                is_tried = False
                report.log(block, error)
        report.count()
        return block._call_impl(*positional, **named)  # noqa: SLF001

    return call
