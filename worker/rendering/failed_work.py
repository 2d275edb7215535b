"""Let go of what failed work held, so that its memory is free for what comes next.

An error keeps its traceback, and a traceback keeps the frames of the work that failed with all their variables: of a forward,
every activation. As long as anybody holds the error, nothing of it is freed.
"""

from __future__ import annotations

import traceback

import torch

from worker.rendering.device_errors import list_causes


def release_frames(error: BaseException) -> None:
    """Let go of everything that the frames of the error and of its causes hold. Frames that still run keep their variables.

    The lines of the traceback stay, for the log.
    """
    for each in list_causes(error):
        traceback.clear_frames(each.__traceback__)


def forget_traceback(error: BaseException) -> None:
    """Let go of everything that led to the error, also of what the functions of its frames had in their closures. For an
    error that ended something as it should.
    """
    for each in list_causes(error):
        each.__traceback__ = None


def free_device_memory() -> None:
    """Return memory that nothing holds any more from torch's reserve to the device, where any size of block can be had."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
