"""Runs the checks of all areas side by side, each with a time limit, whatever they meet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, Queue

from admin.doctor.database import check_database
from admin.doctor.finding import Area, Finding, in_one_line
from admin.doctor.models import check_models
from admin.doctor.redis_server import check_redis
from admin.doctor.settings import check_settings
from admin.doctor.store import check_store
from admin.doctor.workers import check_workers
from core.environment import is_secret
from core.invalid_settings import InvalidSettings
from core.settings import Settings, get_settings

_AREAS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "settings": check_settings,
    "database": check_database,
    "redis": check_redis,
    "store": check_store,
    "models": check_models,
    "workers": check_workers,
}

#: The longest that one check may take.
CHECK_SECONDS = 15.0


def examine(*, check_seconds: float = CHECK_SECONDS) -> Iterator[Finding]:
    """Everything that the checks find, area by area. Raises nothing: what goes wrong is a finding."""
    try:
        settings = get_settings()
    except InvalidSettings as error:
        todo = "Correct it; nothing else is checked before"
        yield from (Area("settings").error("value", line, todo) for line in error.lines)
        return
    running = [(name, _start(check, settings)) for name, check in _AREAS.items()]
    for name, findings in running:
        yield from _collect(name, findings, check_seconds)


def _start(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Queue[Finding | Exception | None]:
    """The findings of one area as they come, then None; or the error that ended it."""
    findings: Queue[Finding | Exception | None] = Queue()

    def run() -> None:
        try:
            for finding in check(settings):
                findings.put(_without_secrets(finding, settings))
            findings.put(None)
        except Exception as error:  # noqa: BLE001  (whatever it is, the report goes on)
            findings.put(error)

    # A thread that hangs does not keep the process from ending.
    threading.Thread(target=run, name="doctor", daemon=True).start()
    return findings


def _collect(area: str, findings: Queue[Finding | Exception | None], check_seconds: float) -> Iterator[Finding]:
    while True:
        try:
            finding = findings.get(timeout=check_seconds)
        except Empty:
            yield Area(area).error(
                "time",
                f"no answer within {check_seconds:g} s",
                "See whether it hangs, or a firewall drops what is sent",
            )
            return
        if finding is None:
            return
        if isinstance(finding, Exception):
            seen = f"the check ended with {type(finding).__name__}: {in_one_line(finding)}"
            yield _without_secrets(
                Area(area).error("check", seen, "Report this: it is a mistake of the doctor"), get_settings()
            )
            return
        yield finding


def _without_secrets(finding: Finding, settings: Settings) -> Finding:
    """Servers and libraries may quote what they were sent."""
    seen = finding.seen
    for name, field in Settings.model_fields.items():
        if is_secret(field) and (value := getattr(settings, name)) is not None:
            seen = seen.replace(value if isinstance(value, str) else value.get_secret_value(), "…")
    return Finding(finding.level, finding.area, finding.check, seen, finding.todo)
