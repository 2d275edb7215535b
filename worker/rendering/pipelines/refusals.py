"""Decide whether an error that ended a pipeline's call is the request's fault.

It is, if diffusers or a library below it raised it, in the course of the pipeline's own work, and its type is one that a
value can cause. It is not, if it came from our code, or from anything that our code did at a step (a preview, a checkpoint,
a lease); nor if the device or its memory failed. Then another attempt may succeed.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, TracebackType
from typing import Any

from worker.rendering.device_errors import is_out_of_memory
from worker.rendering.errors import RequestRefused

#: What a value causes: out of range, of no use, nothing left, divided by.
_OF_VALUES = (ValueError, IndexError, ArithmeticError, AssertionError)
#: What a value can cause, and a model or a library that does not fit as well: the request is to blame if the line that failed,
#: or the message, names one of its parameters.
_OF_NAMES = (TypeError, KeyError, AttributeError, NameError, NotImplementedError)

_OURS = ("worker.", "core.")
#: Modules of ours through which a pipeline's own calls pass: its denoiser, its encoders, its autoencoder, its scheduler.
_PASSED_THROUGH = (
    *(
        "worker.rendering.batching.",
        "worker.rendering.prompts.",
        "worker.rendering.modules.",
        "worker.rendering.adapters.",
    ),
    *("worker.rendering.watch_steps", "worker.rendering.pipelines."),
)
_PIPELINES = ("diffusers.", "transformers.")

#: The device's own words, in errors that have no type of their own.
_OF_THE_DEVICE = re.compile(r"\b(CUDA|cuDNN|cuBLAS|cuSPARSE|cuFFT|NCCL|HIP|MPS|NVML|driver)\b", re.IGNORECASE)

#: They stand in almost every line of a pipeline, or are methods of tensors.
_EVERYWHERE = {
    "prompt",
    "image",
    "mask_image",
    "control_image",
    "ip_adapter_image",
    "width",
    "height",
    "scheduler",
    "expand",
}

#: The most characters of a foreign message that a job shows.
_MOST_CHARACTERS = 500


def find_refusal(error: Exception, request: Mapping[str, Any], *, has_begun: bool) -> RequestRefused | None:
    """The refusal that the error of a pipeline's call means, with the parameters that can be told; None if the request is
    not to blame.

    `has_begun`: a denoising step has ended, so that shapes fit, and what fails later may be the machine.
    """
    frames = list(_list_frames(error.__traceback__))
    if not _is_pipelines_own(frames):
        return None
    names = _find_names(error, frames, request)
    if isinstance(error, _OF_VALUES):
        is_refusal = bool(names) or not has_begun
    elif isinstance(error, _OF_NAMES):
        is_refusal = bool(names)
    else:
        is_refusal = type(error) is RuntimeError and not has_begun and not _is_of_the_device(error)
    return _refuse(error, names) if is_refusal else None


def _list_frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    """Frame and line of each call from the pipeline's own on: what runs it is not part of it."""
    inside = False
    while traceback is not None:
        inside = inside or _module(traceback.tb_frame).startswith(_PIPELINES)
        if inside:
            yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_pipelines_own(frames: list[tuple[FrameType, int]]) -> bool:
    known = [module for frame, _ in frames if (module := _module(frame)).startswith((*_OURS, *_PIPELINES))]
    through_ours = any(module.startswith(_OURS) and not module.startswith(_PASSED_THROUGH) for module in known)
    return bool(known) and known[-1].startswith(_PIPELINES) and not through_ours


def _is_of_the_device(error: Exception) -> bool:
    return is_out_of_memory(error) or _OF_THE_DEVICE.search(str(error)) is not None


def _find_names(error: Exception, frames: list[tuple[FrameType, int]], request: Mapping[str, Any]) -> list[str]:
    """Parameters of the request that the message names, or else the line that failed. Further out, a line names what it
    passes on, to blame or not.
    """
    if names := _names_in(str(error), request):
        return names
    frame, line = next(each for each in reversed(frames) if _module(each[0]).startswith(_PIPELINES))
    text = linecache.getline(frame.f_code.co_filename, line, frame.f_globals)
    return _names_in(text, request.keys() - _EVERYWHERE)


def _names_in(text: str, names: Iterable[str]) -> list[str]:
    # Some messages write a name with spaces, and pipelines keep a value under its name with an underscore before it.
    return sorted(name for name in names if re.search(rf"\b_?({name}|{name.replace('_', ' ')})\b", text))


def _refuse(error: Exception, names: list[str]) -> RequestRefused:
    named = f" because of {' and '.join(names)}" if names else ""
    reason = str(error)[:_MOST_CHARACTERS] or type(error).__name__
    return RequestRefused(f"The model refused the request{named}: {reason}")
