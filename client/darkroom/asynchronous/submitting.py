"""Make jobs: new ones, and others from those that are there."""

from __future__ import annotations

from typing import Any

from typing_extensions import Unpack

from darkroom.asynchronous.files import AsyncFiles
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.parameters import Parameters
from darkroom.request import Request, at, submit
from darkroom.views.jobs import DryRun, Job


class AsyncSubmitting:
    """The calls that make jobs. Each has an idempotency key, so that it makes one job however often it has to be sent."""

    def __init__(self, transport: AsyncTransport, files: AsyncFiles) -> None:
        self._transport = transport
        self.files = files

    async def submit(
        self,
        prompt: str | None = None,
        *,
        id: str | None = None,  # noqa: A002 (the service's name)
        wait: float | None = None,
        idempotency_key: str | None = None,
        other: dict[str, Any] | None = None,
        **parameters: Unpack[Parameters],
    ) -> Job:
        """Queue a job and return it as it stands.

        `id` is an id of your own, under which the job is one however often it is sent. With `wait`, the answer comes when the job has
        ended, or after so many seconds (at most 60). `idempotency_key` makes two calls one, also of two processes. `other` are
        parameters that this client does not know. Raises InvalidRequest, which names every field that is wrong.

        Calls `POST /v1/jobs`, or with an `id` of yours `PUT /v1/jobs/{job_id}`.
        """
        body = await self._build(prompt, {**parameters, **(other or {})})
        request = (
            submit("POST", "/v1/jobs", body, idempotency_key=idempotency_key, wait=wait)
            if id is None
            else submit("PUT", at("/v1/jobs/{}", id), body, wait=wait)
        )
        return await self._transport.ask(request, Job)

    async def dry_run(
        self, prompt: str | None = None, *, other: dict[str, Any] | None = None, **parameters: Unpack[Parameters]
    ) -> DryRun:
        """What the job would be: every parameter, its cost and its place in the queue. Nothing is queued. Calls `POST /v1/jobs`."""
        body = await self._build(prompt, {**parameters, **(other or {}), "dry_run": True})
        return await self._transport.ask(submit("POST", "/v1/jobs", body), DryRun)

    async def cancel(self, job: str | Job) -> Job:
        """Cancel the job: at once if it waits, at its next step if it runs. Calls `POST /v1/jobs/{job_id}/cancel`."""
        return await self._transport.ask(Request("POST", at("/v1/jobs/{}/cancel", job)), Job)

    async def retry(self, job: str | Job, *, wait: float | None = None, idempotency_key: str | None = None) -> Job:
        """Send a failed or cancelled job once more, as a new job. Calls `POST /v1/jobs/{job_id}/retry`."""
        return await self._again("retry", job, None, wait, idempotency_key)

    async def replay(self, job: str | Job, *, wait: float | None = None, idempotency_key: str | None = None) -> Job:
        """Draw a succeeded job again exactly, as a new job, whose `replay` says what differs. Calls `POST /v1/jobs/{job_id}/replay`."""
        return await self._again("replay", job, None, wait, idempotency_key)

    async def vary(
        self,
        job: str | Job,
        prompt: str | None = None,
        *,
        wait: float | None = None,
        idempotency_key: str | None = None,
        other: dict[str, Any] | None = None,
        **changes: Unpack[Parameters],
    ) -> Job:
        """Make a job that is the same but for the changes and, unless they name it, the seed. None leaves a field to the model.

        Calls `POST /v1/jobs/{job_id}/vary`.
        """
        named: dict[str, Any] = {**changes, **(other or {})}
        if prompt is not None:
            named["prompt"] = prompt
        return await self._again("vary", job, await self.files.place(named), wait, idempotency_key)

    async def _again(
        self, how: str, job: str | Job, body: dict[str, Any] | None, wait: float | None, key: str | None
    ) -> Job:
        request = submit("POST", at(f"/v1/jobs/{{}}/{how}", job), body, idempotency_key=key, wait=wait)
        return await self._transport.ask(request, Job)

    async def _build(self, prompt: str | None, parameters: dict[str, Any]) -> dict[str, Any]:
        named = {name: value for name, value in {"prompt": prompt, **parameters}.items() if value is not None}
        return await self.files.place(named)
