"""Whether the device still works. One that has failed for good fails every job of its process, which has to end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
import torch

from core.logs import describe_error
from worker.rendering.device_errors import is_device_lost, is_of_the_device, list_causes

_log = structlog.get_logger()


class DeviceWatch:
    """Looks at the errors of jobs, and at the device before each claim. Safe to use from several threads."""

    def __init__(self, device: torch.device, end_process: Callable[[], object]) -> None:
        """`end_process` is called once, in a thread of its own, when the device turns out to be lost."""
        self._device = device
        self._end_process = end_process
        self._lock = threading.Lock()
        #: What the device failed with first: jobs that got this very error may be the cause.
        self._first_error: BaseException | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the device has failed for good, as far as this process knows."""
        return self._first_error is not None

    def look_at(self, error: BaseException) -> bool:
        """An error has ended a job. Returns whether it means that the device is lost; then the process is about to end."""
        if not is_device_lost(error) and not (self._may_be_lost(error) and self._find_error() is not None):
            return False
        self._note(error)
        return True

    def is_cause(self, error: BaseException) -> bool:
        """Whether the job that the error ended may be why the device was lost. The errors of other jobs came later, from
        a device that was lost before.
        """
        return any(each is self._first_error for each in list_causes(error))

    def answers(self) -> bool:
        """Whether the device takes work; a device that does not is lost. Costs microseconds, and does not wait for it."""
        error = None if self.is_lost else self._find_error(waits=False)
        if error is not None:
            self._note(error)
        return not self.is_lost

    def _may_be_lost(self, error: BaseException) -> bool:
        return any(is_of_the_device(each) for each in list_causes(error))

    def _find_error(self, *, waits: bool = True) -> BaseException | None:
        """What the device answers to a call that cannot fail; None if it answers it."""
        if self._device.type != "cuda":
            return None
        try:
            torch.cuda.current_stream(self._device).query()
            if waits:
                torch.cuda.synchronize(self._device)
        except RuntimeError as error:
            return error
        return None

    def _note(self, error: BaseException) -> None:
        with self._lock:
            if self.is_lost:
                return
            # The one that the device reported, if others were made of it: calls of one forward share it.
            self._first_error = next((each for each in list_causes(error) if is_of_the_device(each)), error)
        _log.critical("device_lost", device=str(self._device), error=describe_error(self._first_error))
        threading.Thread(target=self._end_process, name="device-lost", daemon=True).start()
