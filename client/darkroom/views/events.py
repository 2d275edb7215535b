"""What happened to jobs and sweeps, as it is followed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from darkroom.views.job_parts import Failure
from darkroom.views.jobs import Job
from darkroom.views.sweeps import Sweep
from darkroom.views.view import View


class Event(View):
    """One event: which fields it has depends on its `type`."""

    #: The event's number in its stream, with which the stream can be resumed.
    id: int
    #: `queued`, `position`, `started`, `step`, `preview`, `output`, `retrying` or `finished`.
    type: str
    #: The job's own number of the event, which grows.
    number: int | None = None
    at: datetime | None = None
    job_id: str | None = None
    attempt: int | None = None
    #: Of `step`: the denoising steps that are done.
    step: int | None = None
    #: Of `started` and `step`: all denoising steps.
    steps: int | None = None
    #: Of `step`: between 0 and 1.
    fraction: float | None = None
    #: Of `position`: the queued jobs before it; of `output`: the image's place, from 0.
    position: int | None = None
    #: Of `preview` (read it with `jobs.preview`) and `output`.
    url: str | None = None
    #: Of `output`.
    seed: int | None = None
    #: Of `retrying`: `failed`, `expired` or `interrupted`.
    reason: str | None = None
    #: Of `retrying`.
    failure: Failure | None = None
    #: Of `finished`: the whole job.
    job: Job | None = None
    #: Everything, as it was sent.
    data: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def parse(cls, number: int, data: dict[str, Any]) -> Event:
        """The event of these data. Raises pydantic's ValidationError."""
        if data.get("type") == "finished":
            shown, rest = _split(data, ("type", "number", "at", "job_id"))
            return cls(id=number, job=Job.model_validate(rest), data=data, **shown)
        return cls.model_validate({**data, "id": number, "data": data})


class SweepEvent(View):
    """One event of a sweep, with the counts of its jobs by then."""

    #: The event's number, with which the stream can be resumed.
    id: int
    #: `started`, `job_started`, `job_finished` or `finished`.
    type: str
    number: int | None = None
    at: datetime | None = None
    sweep_id: str | None = None
    #: Of `job_started` and `job_finished`.
    job_id: str | None = None
    #: Of the cell, from 0.
    position: int | None = None
    #: Of the job.
    status: str | None = None
    #: Jobs of the sweep by their status.
    counts: dict[str, int] = Field(default_factory=dict)
    #: Of `finished`: the whole sweep.
    sweep: Sweep | None = None
    #: Everything, as it was sent.
    data: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def parse(cls, number: int, data: dict[str, Any]) -> SweepEvent:
        """The event of these data. Raises pydantic's ValidationError."""
        if data.get("type") == "finished":
            shown, rest = _split(data, ("type", "number", "at", "sweep_id"))
            sweep = Sweep.model_validate(rest)
            return cls(id=number, sweep=sweep, counts=sweep.counts, data=data, **shown)
        return cls.model_validate({**data, "id": number, "data": data})


def _split(data: dict[str, Any], names: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the event has of its own, and what it holds."""
    return {name: data.get(name) for name in names}, {name: each for name, each in data.items() if name not in names}
