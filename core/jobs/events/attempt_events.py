"""The events inside of attempts: what Redis has of them, and the step of the last heartbeat if it has nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.artifacts.keys import build_storage_key
from core.artifacts.storage import sign_download
from core.errors import StorageUnavailable
from core.ids import format_id
from core.jobs.events.event import JobEvent
from core.jobs.events.job_history import AttemptSpan, JobHistory
from core.live_events.message import Progress
from core.settings import get_settings

_OF_AN_OUTPUT = ("position", "seed", "media_type", "width", "height", "byte_size", "sha256")


def list_attempt_events(history: JobHistory, reported: Iterable[Progress], *, step_known: int = 0) -> list[JobEvent]:
    """Those of the reported events that are of an attempt that held the job then, in order. If none of them is a step of the running
    attempt, its row shows how far it is, unless that is no more than `step_known`.
    """
    owned = sorted((each for each in reported if history.owns(each)), key=lambda each: each.number)
    running = history.running
    if running is not None and running.step > step_known and not _shows_step(owned, running):
        coarse = {"step": running.step, "steps": running.steps}
        owned.append(Progress(running.step_number, "step", running.attempt_number, coarse))
    built = [build_attempt_event(history, each) for each in sorted(owned, key=lambda each: each.number)]
    return [event for event in built if event is not None]


def build_attempt_event(history: JobHistory, progress: Progress) -> JobEvent | None:
    """The event that a worker has reported, as readers get it. None if the report makes no sense."""
    try:
        details = {"attempt": progress.attempt_number, **_describe(history, progress)}
    except (KeyError, TypeError, ValueError):
        return None
    return JobEvent(history.job_id, progress.number, progress.type, details)


def _shows_step(reported: Iterable[Progress], running: AttemptSpan) -> bool:
    return any(each.type == "step" and each.attempt_number == running.attempt_number for each in reported)


def _describe(history: JobHistory, progress: Progress) -> dict[str, Any]:
    details = progress.details
    match progress.type:
        case "preview":
            return {"url": f"{get_settings().public_url}/v1/jobs/{format_id('job', history.job_id)}/preview"}
        case "output":
            return {name: details[name] for name in _OF_AN_OUTPUT} | _sign(history, progress)
        case "step":
            step, steps = int(details["step"]), max(1, int(details["steps"]))
            return {"step": step, "steps": steps, "fraction": round(min(1.0, step / steps), 4)}


def _sign(history: JobHistory, progress: Progress) -> dict[str, str | None]:
    position, extension = int(progress.details["position"]), str(progress.details["extension"])
    if not extension.isalnum():
        raise ValueError("no extension of ours")
    # The key is built from the ids, and not taken from a message: nobody gets another job's image by it.
    key = build_storage_key(
        job_id=history.job_id, attempt_number=progress.attempt_number, position=position, extension=extension
    )
    try:
        url, expires_at = sign_download(key)
    except StorageUnavailable:
        return {"url": None, "url_expires_at": None}
    return {"url": url, "url_expires_at": expires_at.isoformat().replace("+00:00", "Z")}
