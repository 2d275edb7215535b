"""Run one forward for several calls; an error in it reaches only the job that causes it."""

from __future__ import annotations

import structlog
import torch

from core.logs import describe_error
from worker.rendering.batching.admission import Admission
from worker.rendering.batching.call import DenoiserCall
from worker.rendering.batching.join import join_arguments, join_outputs, split_output, take_rows
from worker.rendering.batching.rows import Rows

_log = structlog.get_logger()


def run_forward(calls: list[DenoiserCall], admission: Admission) -> None:
    """Set on each of the calls, whose keys are equal, its rows of one forward's output, or its error.

    If there is not enough memory, the calls are halved until each runs by itself, and then row by row. If the forward
    raises, each call runs alone. So an error reaches only the job whose rows cause it.
    """
    rows = [call.rows for call in calls]
    try:
        output = calls[0].forward(**join_arguments([call.arguments for call in calls], rows))
        outputs = split_output(output, rows)
    except Exception as error:  # noqa: BLE001  (any error is the fault of one job at most)
        _run_apart(calls, error, admission)
        return
    for call, part in zip(calls, outputs, strict=True):
        call.succeed(part)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error means that the device, or on a CPU the machine, had no memory left."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    # The CPU's allocator raises no type of its own.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _run_apart(calls: list[DenoiserCall], error: Exception, admission: Admission) -> None:
    if not is_out_of_memory(error):
        if len(calls) == 1:
            calls[0].fail(error)
            return
        _log.warning("batch_failed", jobs=len(calls), error=describe_error(error))
        for call in calls:
            run_forward([call], admission)
        return

    rows = sum(call.rows.count for call in calls)
    admission.record_out_of_memory(calls[0].shape, rows)
    _log.warning("batch_out_of_memory", jobs=len(calls), rows=rows)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if len(calls) == 1:
        _run_row_by_row(calls[0], error)
        return
    middle = len(calls) // 2
    run_forward(calls[:middle], admission)
    run_forward(calls[middle:], admission)


def _run_row_by_row(call: DenoiserCall, error: Exception) -> None:
    count = call.rows.count
    if count == 1:
        call.fail(error)
        return
    single = Rows(1, call.rows.are_listed)
    try:
        parts = [call.forward(**take_rows(call.arguments, call.rows, index, 1)) for index in range(count)]
        call.succeed(join_outputs(parts, [single] * count))
    except Exception as last_error:  # noqa: BLE001  (it is this job's own)
        call.fail(last_error)
