"""What can be done with jobs that are there: `darkroom.jobs`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from darkroom.asynchronous.pages import list_json, list_views
from darkroom.asynchronous.transport import AsyncTransport
from darkroom.request import Request, at, build_body, get, identify
from darkroom.views.deletions import DeletedJobs, Deletion
from darkroom.views.jobs import CancelledJobs, Job


class AsyncJobs:
    """The jobs of the account. A job is named by its id, the id that was chosen for it, or what a call has returned."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, job: str | Job, *, wait: float | None = None) -> Job:
        """The job as it stands; with `wait`, when it has ended or after so many seconds (at most 60).

        Calls `GET /v1/jobs/{job_id}`.
        """
        return await self._transport.ask(get(at("/v1/jobs/{}", job), wait=wait), Job)

    def list(
        self,
        *,
        status: Sequence[str] | str | None = None,
        model: Sequence[str] | str | None = None,
        task: Sequence[str] | str | None = None,
        style: Sequence[str] | str | None = None,
        sweep: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        prompt: str | None = None,
        derived_from: str | Job | None = None,
        favourite: bool | None = None,
        on_board: bool | None = None,
        metadata: Mapping[str, str] | None = None,
        order: Literal["desc", "asc"] | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[Job]:
        """The jobs that all filters let through, the newest first; `prompt` looks for words. Calls `GET /v1/jobs`."""
        return list_views(
            self._transport,
            "/v1/jobs",
            Job,
            limit,
            status=status,
            model=model,
            task=task,
            style=style,
            sweep=sweep,
            created_after=created_after,
            created_before=created_before,
            prompt=prompt,
            derived_from=None if derived_from is None else identify(derived_from),
            favourite=favourite,
            on_board=on_board,
            metadata=metadata,
            order=order,
        )

    def list_fields(
        self, fields: Sequence[str], *, limit: int | None = None, **filters: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Only these fields of each job, as JSON, for the filters of `list`: what is left out is not computed.

        Calls `GET /v1/jobs`.
        """
        return list_json(self._transport, "/v1/jobs", limit, fields=",".join(fields), **filters)

    async def cancel_many(self, *, limit: int | None = None, all: bool | None = None, **filters: Any) -> CancelledJobs:  # noqa: A002 (the service's name)
        """Cancel the jobs that all filters of `list` let through, or `all`. Calls `POST /v1/jobs/cancel`."""
        body = _build_bulk(filters, limit=limit, all_=all)
        return await self._transport.ask(Request("POST", "/v1/jobs/cancel", json=body), CancelledJobs)

    async def delete_many(self, *, limit: int | None = None, all: bool | None = None, **filters: Any) -> DeletedJobs:  # noqa: A002 (the service's name)
        """Delete the finished jobs that all filters of `list` let through, or `all`, with their pictures.

        Calls `POST /v1/jobs/delete`.
        """
        body = _build_bulk(filters, limit=limit, all_=all)
        return await self._transport.ask(Request("POST", "/v1/jobs/delete", json=body), DeletedJobs)

    async def delete(self, job: str | Job) -> Deletion:
        """Delete the job and its pictures; the answer is the receipt. Calls `DELETE /v1/jobs/{job_id}`."""
        return await self._transport.ask(Request("DELETE", at("/v1/jobs/{}", job)), Deletion)

    async def move(self, job: str | Job, to: Literal["front", "end"]) -> Job:
        """Move a queued job before or behind the account's others. Calls `POST /v1/jobs/{job_id}/move`."""
        return await self._transport.ask(Request("POST", at("/v1/jobs/{}/move", job), json={"to": to}), Job)

    async def preview(self, job: str | Job) -> bytes:
        """What a running job looks like by now: a small WebP. Raises NotFound if there is none.

        Calls `GET /v1/jobs/{job_id}/preview`.
        """
        return (await self._transport.send(get(at("/v1/jobs/{}/preview", job)))).content

    async def receipt(self, job: str | Job) -> dict[str, Any]:
        """What it takes to draw the pictures again: model, files, libraries, seeds. Calls `GET /v1/jobs/{job_id}/receipt`."""
        return await self._transport.ask_json(get(at("/v1/jobs/{}/receipt", job)))


def _build_bulk(filters: Mapping[str, Any], *, limit: int | None, all_: bool | None) -> dict[str, Any]:
    body = build_body({**filters, "limit": limit, "all": all_})
    for name in ("status", "model", "task", "style"):
        if isinstance(body.get(name), str):
            body[name] = [body[name]]
    return body
