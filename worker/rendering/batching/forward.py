"""Run one forward for several calls; an error in it reaches only the job that causes it."""

from __future__ import annotations

import structlog

from core.logs import describe_error
from worker.rendering.batching.admission import Admission
from worker.rendering.batching.call import DenoiserCall
from worker.rendering.batching.join import join_arguments, join_outputs, split_output, take_rows
from worker.rendering.batching.rows import Rows
from worker.rendering.device_errors import is_device_lost, is_out_of_memory
from worker.rendering.failed_work import free_device_memory, release_frames

_log = structlog.get_logger()


def run_forward(calls: list[DenoiserCall], admission: Admission) -> None:
    """Set on each of the calls, whose keys are equal, its rows of one forward's output, or its error.

    If there is not enough memory, the calls are halved until each runs by itself, and then row by row. If the forward
    raises, each call runs alone. So an error reaches only the job whose rows cause it; only a device that is lost fails all
    of them. Nothing of a forward that failed is in memory while its calls are tried again.
    """
    error = _try_together(calls)
    if error is not None:
        # Not in an `except` block, where the interpreter itself would keep the error and all that it holds.
        release_frames(error)
        try:
            _run_apart(calls, error, admission)
        finally:
            # Its traceback leads to this frame: they would hold each other.
            del error


def _try_together(calls: list[DenoiserCall]) -> Exception | None:
    rows = [call.rows for call in calls]
    try:
        output = calls[0].forward(**join_arguments([call.arguments for call in calls], rows))
        outputs = split_output(output, rows)
    except Exception as error:  # noqa: BLE001  (any error is the fault of one job at most)
        return error
    for call, part in zip(calls, outputs, strict=True):
        call.succeed(part)
    return None


def _run_apart(calls: list[DenoiserCall], error: Exception, admission: Admission) -> None:
    if is_device_lost(error):
        _fail(calls, error)
    elif is_out_of_memory(error):
        rows = sum(call.rows.count for call in calls)
        admission.record_out_of_memory(calls[0].shape, rows)
        _log.warning("batch_out_of_memory", jobs=len(calls), rows=rows)
        free_device_memory()
        if len(calls) > 1:
            middle = len(calls) // 2
            run_forward(calls[:middle], admission)
            run_forward(calls[middle:], admission)
        elif rows > 1:
            _run_row_by_row(calls[0])
        else:
            _fail(calls, error)
    elif len(calls) == 1:
        _fail(calls, error)
    else:
        _log.warning("batch_failed", jobs=len(calls), error=describe_error(error))
        for call in calls:
            run_forward([call], admission)


def _run_row_by_row(call: DenoiserCall) -> None:
    error = _try_row_by_row(call)
    if error is not None:
        release_frames(error)
        free_device_memory()
        _fail([call], error)
        del error


def _try_row_by_row(call: DenoiserCall) -> Exception | None:
    count = call.rows.count
    single = Rows(1, call.rows.are_listed)
    try:
        parts = [call.forward(**take_rows(call.arguments, call.rows, index, 1)) for index in range(count)]
        call.succeed(join_outputs(parts, [single] * count))
    except Exception as error:  # noqa: BLE001  (it is this job's own)
        return error
    return None


def _fail(calls: list[DenoiserCall], error: Exception) -> None:
    for call in calls:
        call.fail(error)
