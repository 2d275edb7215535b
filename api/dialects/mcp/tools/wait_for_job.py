"""Wait until a job has ended, for less than clients wait for a tool, and report its progress."""

from __future__ import annotations

from functools import partial

from flask import Response, g
from mcp_types import CallToolResult, ProgressNotificationParams
from pydantic import Field

from api.authentication import current_account_id
from api.dialects.mcp.exchange import Exchange, build_answer, write_result
from api.dialects.mcp.tools.jobs import ShownJobArguments
from api.dialects.mcp.tools.shown_job import show_job
from api.dialects.mcp.tools.tool import current_exchange, tool
from api.jobs.blueprint import JobPath
from api.live.asked import WaitAsked, can_keep
from api.translation.jobs import find_job
from api.translation.stream import stream_job, write_event
from api.translation.wait import answer_later
from core.database import read_with_one_retry
from core.errors import TooManyStreams
from core.jobs.events.event import JobEvent
from core.jobs.status import FINISHED
from core.jobs.views.build_view import show_row
from core.jobs.views.job_view import JobView
from core.jobs.views.read_jobs import read_job

#: Seconds; clients that are made of the protocol's own packages give up after 60.
_WAIT = 45
_MOST_WAIT = 55

#: Of all steps, how many a job has to be further for another notification; and what counts as further while it waits.
_STRIDE = 0.05
_STRIDE_IN_QUEUE = 0.001


class WaitArguments(ShownJobArguments):
    """Which job, and for how long."""

    seconds: float = Field(default=_WAIT, ge=1, le=_MOST_WAIT, description="How long to wait at most.")


@tool("Wait for a job", WaitArguments)
def wait_for_job(asked: WaitArguments) -> CallToolResult | Response:
    """Waits until a job has ended, and answers with links to its images and a thumbnail of the first; if it has not ended by then, with
    how it stands: call this again. Reports progress if the client asks for it.
    """
    job, exchange = find_job(asked.job_id), current_exchange()
    show = partial(show_job, with_thumbnail=asked.thumbnail)
    if job.status in FINISHED:
        return show(job)
    if exchange.progress_token is not None:
        account_id, job_id = current_account_id(), JobPath(job_id=job.id).parse()

        def show_as_it_stands() -> bytes:
            read = read_with_one_retry(lambda connection: read_job(connection, account_id=account_id, job_id=job_id))
            return _write_answer(show(show_row(read)), exchange)

        progress = _Progress(exchange, job.progress.steps)

        def translate(event: JobEvent) -> bytes:
            if event.type == "finished":
                return _write_answer(show(JobView.model_validate(event.details)), exchange)
            return progress.translate(event)

        return stream_job(job, translate, seconds=asked.seconds, at_the_limit=show_as_it_stands)
    if not can_keep(WaitAsked, current_account_id()):
        raise TooManyStreams

    def answer(job: JobView) -> Response:
        # In a request of its own.
        g.mcp_exchange = exchange
        return write_result(Response(), show(job), exchange)

    return answer_later(job, answer, seconds=asked.seconds)


def _write_answer(result: CallToolResult, exchange: Exchange) -> bytes:
    return write_event(build_answer(result, exchange), event="message")


class _Progress:
    """The events of one job as notifications."""

    def __init__(self, exchange: Exchange, steps: int) -> None:
        self._token = exchange.progress_token or 0
        self._steps = steps
        #: It has to grow from one notification to the next, whatever becomes of the job.
        self._done = 0.0

    def translate(self, event: JobEvent) -> bytes:
        """What is sent of an event; nothing of some."""
        match event.type:
            case "position":
                return self._notify(self._done + _STRIDE_IN_QUEUE, f"{event.details['position']} jobs are before it")
            case "started":
                return self._notify(self._done + _STRIDE_IN_QUEUE, "rendering")
            case "step" if event.details["step"] >= self._done + _STRIDE * self._steps:
                return self._notify(float(event.details["step"]), f"step {event.details['step']} of {self._steps}")
        return b""

    def _notify(self, done: float, message: str) -> bytes:
        self._done = done
        params = ProgressNotificationParams(
            progress_token=self._token, progress=round(done, 4), total=float(self._steps), message=message
        )
        shown = params.model_dump(mode="json", by_alias=True, exclude_none=True)
        return write_event({"jsonrpc": "2.0", "method": "notifications/progress", "params": shown}, event="message")
