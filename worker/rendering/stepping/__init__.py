"""The step boundary of a render, in any pipeline: the `step` of the job's own scheduler."""

from __future__ import annotations

from worker.rendering.stepping.watch_steps import StepEnd, watch_steps

__all__ = ["StepEnd", "watch_steps"]
