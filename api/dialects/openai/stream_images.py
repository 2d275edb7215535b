"""The events of a call with `stream`: partial images, and the images."""

from __future__ import annotations

from typing import Any

from api.dialects.openai.image_answer import count_tokens, describe_images
from api.dialects.openai.states import describe_failure
from api.translation.figures import to_seconds
from api.translation.pictures import read_files, to_base64
from api.translation.stream import write_event
from core.batches.image_calls import ImageCall
from core.jobs.events.event import JobEvent
from core.jobs.status import JobStatus
from core.jobs.views.job_view import JobView
from core.live_events.numbers import moment_of
from core.previews import find_preview

#: What previews are.
_PREVIEW_FORMAT = "webp"


class ImageStream:
    """Translates the events of one job."""

    def __init__(self, call: ImageCall, kind: str) -> None:
        """`kind` begins the names of the events: `image_generation`, or `image_edit`."""
        self._call = call
        self._kind = kind
        self._fraction = 0.0
        self._sent = 0

    def translate(self, event: JobEvent) -> bytes:
        """What is sent of an event; nothing of most."""
        match event.type:
            case "step":
                self._fraction = event.details["fraction"]
            case "preview" if self._is_due():
                return self._show_preview(event)
            case "finished":
                return self._show_end(JobView.model_validate(event.details))
        return b""

    def _is_due(self) -> bool:
        """Partial images are spread over the steps."""
        wanted = self._call.partial_images
        return self._sent < wanted and self._fraction >= self._sent / (wanted + 1)

    def _show_preview(self, event: JobEvent) -> bytes:
        preview = find_preview(event.job_id)
        if preview is None:
            return b""
        self._sent += 1
        return self._write(
            "partial_image",
            b64_json=to_base64(preview),
            partial_image_index=self._sent - 1,
            created_at=to_seconds(moment_of(event.number)),
            quality=self._call.quality,
            background="opaque",
            size=self._call.fields.get("size") or "auto",
            output_format=_PREVIEW_FORMAT,
        )

    def _show_end(self, job: JobView) -> bytes:
        if job.status != JobStatus.SUCCEEDED:
            _, type_, code, message = describe_failure(job)
            error = {"message": message, "type": type_, "code": code, "param": None}
            return write_event({"type": "error", "error": error}, event="error")
        seeds = [output.seed for output in job.outputs if output.id is not None]
        common = {**describe_images(job, self._call), "created_at": to_seconds(job.finished_at or job.created_at)}
        return b"".join(
            self._write(
                "completed", b64_json=to_base64(file.body), **common, usage=count_tokens(job), seed=seed, job_id=job.id
            )
            for file, seed in zip(read_files(job.outputs), seeds, strict=True)
        )

    def _write(self, what: str, **fields: Any) -> bytes:
        type_ = f"{self._kind}.{what}"
        return write_event({"type": type_, **fields}, event=type_)
