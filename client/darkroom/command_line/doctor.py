"""`darkroom doctor`: what is wrong with the connection or the key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx2
import typer
from rich.markup import escape

from darkroom import Darkroom
from darkroom.command_line.exits import ExitStatus, find_exit_status
from darkroom.command_line.options import Json
from darkroom.command_line.printing import print_json, result_console
from darkroom.connection import Connection, find_connection
from darkroom.errors import ConnectionFailed, DarkroomError, UnexpectedAnswer
from darkroom.request import get
from darkroom.version import VERSION

#: Webhooks are refused and addresses of pictures expire if clocks differ by more.
_MOST_SECONDS_APART = 60

#: It returns what is well, and raises what is not.
_Check = Callable[[Darkroom, Connection], str]


@dataclass(frozen=True)
class _Finding:
    """What one check has found."""

    check: str
    text: str
    status: ExitStatus = ExitStatus.DONE


def doctor(*, json: Json = False) -> None:
    """Check the address, the key, the models and the workers, and say what to do. Exits as the first check that fails."""
    findings = []
    for finding in _check_all():
        findings.append(finding)
        if json:
            print_json({"check": finding.check, "ok": finding.status == ExitStatus.DONE, "text": finding.text})
        else:
            mark = "[green]✓[/green]" if finding.status == ExitStatus.DONE else "[red]✗[/red]"
            result_console().print(f"{mark} {finding.check:<8} {escape(finding.text)}")
    raise typer.Exit(next((each.status for each in findings if each.status != ExitStatus.DONE), ExitStatus.DONE))


def _check_all() -> Iterator[_Finding]:
    yield _Finding("client", f"darkroom {VERSION}")
    try:
        connection = find_connection()
    except DarkroomError as error:
        yield _Finding("settings", str(error), find_exit_status(error))
        return
    yield _Finding("settings", f"{connection.url}, from {connection.source}")
    with Darkroom(connection.url, connection.api_key, retry_seconds=2) as darkroom:
        checks: tuple[tuple[str, _Check], ...] = (
            ("address", _check_address),
            ("clock", _check_clock),
            ("key", _check_key),
            ("models", _check_models),
            ("workers", _check_workers),
            ("store", _check_store),
        )
        for name, check in checks:
            finding = _try(name, check, darkroom, connection)
            yield finding
            if finding.status != ExitStatus.DONE and name in {"address", "key"}:
                # Nothing behind it can be better.
                return


def _try(name: str, check: _Check, darkroom: Darkroom, connection: Connection) -> _Finding:
    try:
        return _Finding(name, check(darkroom, connection))
    except DarkroomError as error:
        return _Finding(name, str(error), find_exit_status(error))


def _check_address(darkroom: Darkroom, connection: Connection) -> str:
    began = time.monotonic()
    document = darkroom._transport.ask_json(get("/openapi.json"))  # noqa: SLF001 (an address that is no operation)
    if document.get("info", {}).get("title") != "Darkroom":
        raise UnexpectedAnswer(f"{connection.url} answers, but is no Darkroom")
    return f"a Darkroom answers within {1000 * (time.monotonic() - began):.0f} ms"


def _check_clock(darkroom: Darkroom, _: Connection) -> str:
    response = darkroom._transport.send(get("/livez"))  # noqa: SLF001 (an address that is no operation)
    said = response.headers.get("Date")
    if said is None:
        return "the service does not say what time it is"
    apart = parsedate_to_datetime(said).timestamp() - time.time()
    if abs(apart) > _MOST_SECONDS_APART:
        raise DarkroomError(f"this machine's clock and the service's are {abs(apart):.0f} s apart: set it by NTP")
    return "goes with the service's"


def _check_key(darkroom: Darkroom, _: Connection) -> str:
    state = darkroom.queue.get()
    paused = "; your queue is paused: `darkroom queue resume`" if state.paused else ""
    return f"accepted; {state.queued} jobs of yours wait, {state.running} run{paused}"


def _check_models(darkroom: Darkroom, _: Connection) -> str:
    available = [model.id for model in darkroom.models.list() if model.is_available]
    if not available:
        raise DarkroomError(
            "the service has no model that is installed: its operator fetches them with darkroom-models"
        )
    return ", ".join(available)


def _check_workers(darkroom: Darkroom, _: Connection) -> str:
    queue = darkroom.dry_run("a red mug").queue
    if queue.reason == "no_capable_worker":
        raise DarkroomError(queue.message or "no worker serves the default model")
    return queue.message or "ready"


def _check_store(darkroom: Darkroom, _: Connection) -> str:
    job = next(darkroom.jobs.list(status="succeeded", limit=1), None)
    url = next((output.url for output in job.outputs if output.url), None) if job else None
    if url is None:
        return "not tried: there is no picture of yours yet"
    host = httpx2.URL(url).host
    response = darkroom._transport.download(url)  # noqa: SLF001 (the bytes alone)
    if not response.is_success:
        raise ConnectionFailed(f"{host} answered with {response.status_code}")
    return f"pictures come from {host}"
