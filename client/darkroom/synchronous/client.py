"""The client."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from typing_extensions import Self, Unpack

from darkroom.connection import Connection, find_connection
from darkroom.errors import ConnectionFailed, Unavailable, WaitTimedOut
from darkroom.parameters import Parameters
from darkroom.picture import Picture, Pictures
from darkroom.request import MOST_WAIT_SECONDS, at, identify
from darkroom.retries import TOO_MANY_STREAMS, Retries
from darkroom.sweep_result import SweepResult
from darkroom.synchronous.boards import Boards
from darkroom.synchronous.deletions import Deletions
from darkroom.synchronous.events import Events
from darkroom.synchronous.files import Files
from darkroom.synchronous.follow import follow
from darkroom.synchronous.jobs import Jobs
from darkroom.synchronous.models import Models
from darkroom.synchronous.outputs import Outputs
from darkroom.synchronous.prompts import Prompts
from darkroom.synchronous.queue import Queue
from darkroom.synchronous.recall import Recalls
from darkroom.synchronous.styles import Styles
from darkroom.synchronous.submitting import Submitting
from darkroom.synchronous.sweeps import Sweeps
from darkroom.synchronous.transport import Transport
from darkroom.synchronous.webhooks import Webhooks
from darkroom.views.events import Event
from darkroom.views.job_parts import Output
from darkroom.views.jobs import Job

#: Between two looks at a job, where as many requests wait as may.
_LOOK_SECONDS = 2.0


class Darkroom(Submitting):
    """A Darkroom service.

    Address and key are `url` and `api_key`, or `DARKROOM_URL` and `DARKROOM_API_KEY` of the environment, or what `darkroom login` has
    kept. While the service is busy or lost, each request is sent again for `retry_seconds`. One client serves any number of calls
    at once; close it, or use it in a `with` block. Raises NotConfigured.
    """

    def __init__(self, url: str | None = None, api_key: str | None = None, *, retry_seconds: float = 60.0) -> None:
        transport = Transport(find_connection(url, api_key), Retries(retry_seconds))
        super().__init__(transport, Files(transport))
        self.jobs = Jobs(transport)
        self.sweeps = Sweeps(transport, self.files)
        self.outputs = Outputs(transport)
        self.boards = Boards(transport)
        self.styles = Styles(transport)
        self.models = Models(transport)
        self.prompts = Prompts(transport)
        self.queue = Queue(transport)
        self.events = Events(transport)
        self.webhooks = Webhooks(transport)
        self.recall = Recalls(transport, self.files)
        self.deletions = Deletions(transport)

    @property
    def connection(self) -> Connection:
        """Which service, and where that is known from."""
        return self._transport.connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def render(
        self,
        prompt: str | None = None,
        *,
        timeout: float | None = None,
        on_event: Callable[[Event], None] | None = None,
        id: str | None = None,  # noqa: A002 (the service's name)
        idempotency_key: str | None = None,
        other: dict[str, Any] | None = None,
        **parameters: Unpack[Parameters],
    ) -> Pictures:
        """Draw pictures, and return them when they are there.

        `on_event` hears of each event of the job: its place, its steps, its previews. Raises JobFailed or JobCancelled if it ends
        so, WaitTimedOut after `timeout` seconds (the job goes on), and what `submit` raises.
        """
        began = time.monotonic()
        wait = MOST_WAIT_SECONDS if timeout is None else timeout
        job = self.submit(
            prompt,
            id=id,
            wait=None if on_event else wait,
            idempotency_key=idempotency_key,
            other=other,
            **parameters,
        )
        if on_event:
            for event in self.stream(job, timeout=timeout):
                on_event(event)
        left = None if timeout is None else max(0.0, timeout - (time.monotonic() - began))
        return self.pictures(job, timeout=left)

    def wait(self, job: str | Job, *, timeout: float | None = None) -> Job:
        """The job when it has ended, however it has: `raise_for_status()` of it raises if that was not well.

        Raises WaitTimedOut after `timeout` seconds; the job goes on.
        """
        began = time.monotonic()
        if isinstance(job, Job) and job.is_finished:
            return job
        while True:
            left = MOST_WAIT_SECONDS if timeout is None else timeout - (time.monotonic() - began)
            found = self._get_soon(job, min(max(left, 0.0), MOST_WAIT_SECONDS))
            if found.is_finished:
                return found
            if timeout is not None and time.monotonic() - began >= timeout:
                raise WaitTimedOut(identify(job), timeout)

    def stream(
        self, job: str | Job, *, after: int = 0, polling: bool = False, timeout: float | None = None
    ) -> Iterator[Event]:
        """The job's events until it has ended, each once and in order, across cut connections.

        With `polling` it asks for them again and again, as it does by itself where streams do not get through. Raises WaitTimedOut
        after `timeout` seconds; the job goes on.

        Calls `GET /v1/jobs/{job_id}/events`.
        """
        path = at("/v1/jobs/{}/events", job)
        try:
            for number, data in follow(self._transport, path, after=after, polling=polling, timeout=timeout):
                yield Event.parse(number, data)
        except TimeoutError:
            raise WaitTimedOut(identify(job), timeout or 0.0) from None

    def pictures(self, job: str | Job, *, timeout: float | None = None) -> Pictures:
        """The pictures of a job, for which it waits if it has to. What a content filter withheld, or is deleted, is left out.

        Raises JobFailed, JobCancelled, WaitTimedOut or ConnectionFailed.
        """
        found = self.wait(job, timeout=timeout)
        found.raise_for_status()
        pictures = [self._fetch(found, position) for position in range(len(found.outputs))]
        return Pictures([picture for picture in pictures if picture is not None], found)

    def sweep(
        self,
        *,
        prompts: Sequence[str] | None = None,
        styles: Sequence[str] | None = None,
        seeds: Sequence[int] | int | None = None,
        parameters: Mapping[str, Sequence[Any]] | None = None,
        base: Mapping[str, Any] | None = None,
        name: str | None = None,
        timeout: float | None = None,
    ) -> SweepResult:
        """Draw the product of prompts, styles, seeds and parameters, and return its jobs and the contact sheet when it has ended.

        `sweeps.create` returns at once. Raises InvalidRequest with all that is wrong in any cell, and WaitTimedOut after `timeout` seconds.
        """
        sweep = self.sweeps.create(
            prompts=prompts, styles=styles, seeds=seeds, parameters=parameters, base=base, name=name
        )
        ended = self.sweeps.wait(sweep, timeout=timeout)
        jobs = [job for job in self.sweeps.jobs(ended)]
        return SweepResult(ended, jobs, self.sweeps.contact_sheet(ended))

    def _get_soon(self, job: str | Job, seconds: float) -> Job:
        try:
            return self.jobs.get(job, wait=seconds)
        except Unavailable as error:
            if error.code != TOO_MANY_STREAMS:
                raise
            time.sleep(min(seconds, _LOOK_SECONDS))
            return self.jobs.get(job)

    def _fetch(self, job: Job, position: int) -> Picture | None:
        output = job.outputs[position]
        if output.url is None:
            return None
        response = self._transport.download(output.url)
        if not response.is_success:
            # The address has expired since the job was read.
            output = (self.jobs.get(job)).outputs[position]
            if output.url is None:
                return None
            response = self._transport.download(output.url)
        if not _is_whole(response.content, output):
            raise ConnectionFailed(
                f"{output.id} of {job.id} was not read whole: the store answered with {response.status_code}"
            )
        return Picture.of(response.content, output, job)


def _is_whole(data: bytes, output: Output) -> bool:
    return output.sha256 is None or hashlib.sha256(data).hexdigest() == output.sha256
