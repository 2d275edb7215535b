"""Many jobs with one handle: `darkroom.sweeps`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from darkroom.asynchronous.files import AsyncFiles
from darkroom.asynchronous.follow import MOST_POLL_SECONDS, follow, poll
from darkroom.asynchronous.pages import list_views
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.errors import WaitTimedOut
from darkroom.picture import Picture
from darkroom.pictures_in import PICTURE_PARAMETERS
from darkroom.request import Request, at, build_body, get, identify, submit
from darkroom.views.deletions import Deletion
from darkroom.views.events import SweepEvent
from darkroom.views.jobs import Job
from darkroom.views.sweeps import Sweep

#: Between two looks at the contact sheet, which is drawn after the last job.
_LOOK_SECONDS = 0.2


class AsyncSweeps:
    """The sweeps of the account: the product of prompts, styles, seeds and parameters."""

    def __init__(self, transport: AsyncTransport, files: AsyncFiles) -> None:
        self._transport = transport
        self._files = files

    async def create(
        self,
        *,
        prompts: Sequence[str] | None = None,
        styles: Sequence[str] | None = None,
        seeds: Sequence[int] | int | None = None,
        parameters: Mapping[str, Sequence[Any]] | None = None,
        base: Mapping[str, Any] | None = None,
        name: str | None = None,
        metadata: Mapping[str, str] | None = None,
        webhook: Mapping[str, Any] | None = None,
        draft: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Sweep:
        """Queue a job for each cell, or with `draft` none yet. `base` is what all cells have in common.

        `seeds` is a list, or a number of random ones. Everything wrong in any cell comes at once, as InvalidRequest. Calls
        `POST /v1/sweeps`.
        """
        body = await self._build(prompts=prompts, styles=styles, seeds=seeds, parameters=parameters)
        if base is not None:
            body["base"] = await self._files.place(base)
        body.update(build_body({"name": name, "metadata": metadata, "webhook": webhook, "draft": draft}))
        return await self._transport.ask(submit("POST", "/v1/sweeps", body, idempotency_key=idempotency_key), Sweep)

    async def append(
        self,
        sweep: str | Sweep,
        *,
        prompts: Sequence[str] | None = None,
        styles: Sequence[str] | None = None,
        seeds: Sequence[int] | int | None = None,
        parameters: Mapping[str, Sequence[Any]] | None = None,
    ) -> Sweep:
        """Add values to the axes of a draft. Calls `POST /v1/sweeps/{sweep_id}/append`."""
        body = await self._build(prompts=prompts, styles=styles, seeds=seeds, parameters=parameters)
        # A number of seeds adds others each time.
        request = Request(
            "POST", at("/v1/sweeps/{}/append", sweep), json=body, is_repeatable=not isinstance(seeds, int)
        )
        return await self._transport.ask(request, Sweep)

    async def finalise(self, sweep: str | Sweep) -> Sweep:
        """Queue the jobs of a draft, all or none. Calls `POST /v1/sweeps/{sweep_id}/finalise`."""
        return await self._transport.ask(Request("POST", at("/v1/sweeps/{}/finalise", sweep)), Sweep)

    async def get(self, sweep: str | Sweep) -> Sweep:
        """The sweep as it stands. Calls `GET /v1/sweeps/{sweep_id}`."""
        return await self._transport.ask(get(at("/v1/sweeps/{}", sweep)), Sweep)

    def list(self, *, status: Sequence[str] | str | None = None, limit: int | None = None) -> AsyncIterator[Sweep]:
        """The sweeps, the newest first. Calls `GET /v1/sweeps`."""
        return list_views(self._transport, "/v1/sweeps", Sweep, limit, status=status)

    def jobs(
        self,
        sweep: str | Sweep,
        *,
        status: Sequence[str] | str | None = None,
        order: Literal["desc", "asc"] | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[Job]:
        """The jobs of the sweep, by default in the order of its cells. Calls `GET /v1/sweeps/{sweep_id}/jobs`."""
        path = at("/v1/sweeps/{}/jobs", sweep)
        return list_views(self._transport, path, Job, limit, status=status, order=order)

    async def cancel(self, sweep: str | Sweep) -> Sweep:
        """Cancel all jobs of the sweep that have not ended. Calls `POST /v1/sweeps/{sweep_id}/cancel`."""
        return await self._transport.ask(Request("POST", at("/v1/sweeps/{}/cancel", sweep)), Sweep)

    async def delete(self, sweep: str | Sweep) -> Deletion:
        """Delete a draft, or a sweep that has ended, with its jobs and pictures. Calls `DELETE /v1/sweeps/{sweep_id}`."""
        return await self._transport.ask(Request("DELETE", at("/v1/sweeps/{}", sweep)), Deletion)

    async def stream(self, sweep: str | Sweep, *, after: int = 0, polling: bool = False) -> AsyncIterator[SweepEvent]:
        """The sweep's events until it has ended, across cut connections. Calls `GET /v1/sweeps/{sweep_id}/events`."""
        path = at("/v1/sweeps/{}/events", sweep)
        async for number, data in follow(self._transport, path, after=after, polling=polling):
            yield SweepEvent.parse(number, data)

    async def wait(self, sweep: str | Sweep, *, timeout: float | None = None) -> Sweep:
        """The sweep when all its jobs have ended and the contact sheet is drawn. Raises WaitTimedOut after `timeout` seconds."""
        began = time.monotonic()
        path = at("/v1/sweeps/{}/events", sweep)
        is_finished, after = False, 0
        while not is_finished:
            left = None if timeout is None else timeout - (time.monotonic() - began)
            if left is not None and left <= 0:
                raise WaitTimedOut(identify(sweep), timeout or 0.0)
            seconds = MOST_POLL_SECONDS if left is None else min(left, MOST_POLL_SECONDS)
            _, after, is_finished = await poll(self._transport, path, after=after, wait=seconds)
        found = await self.get(sweep)
        while not found.is_finished:
            await asyncio.sleep(_LOOK_SECONDS)
            found = await self.get(sweep)
        return found

    async def contact_sheet(self, sweep: str | Sweep) -> Picture | None:
        """The picture of all cells with their labels; None: there is none (yet, or any more)."""
        found = await self.get(sweep)
        return None if found.contact_sheet is None else await self._files.download(found.contact_sheet.id)

    async def _build(self, **axes: Any) -> dict[str, Any]:
        body = build_body(axes)
        if body.get("parameters"):
            placed = {}
            # A loop: Python 3.10 has no comprehension that awaits inside of another.
            for name, values in body["parameters"].items():
                placed[name] = [await self._place(name, value) for value in values]
            body["parameters"] = placed
        return body

    async def _place(self, name: str, value: Any) -> Any:
        return (await self._files.place({name: value}))[name] if name in PICTURE_PARAMETERS else value
