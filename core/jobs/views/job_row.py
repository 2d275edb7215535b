"""A job as a read finds it: its row, its current attempt, its images and its place in the queue, in one row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from core.artifacts.shown_image import ShownImage
from core.jobs.request.input_images import list_input_ids


class ReadAttempt(NamedTuple):
    """What was read of the job's current attempt."""

    step: int
    steps: int
    started_at: datetime
    render_ms: int | None
    upload_ms: int | None


@dataclass(kw_only=True)
class JobRow:
    """What was read. The names are the columns', which `tables.py` explains; what was not asked for is None. What is JSON stays
    text until somebody looks at it: an answer of 304 looks at none of it.
    """

    id: UUID
    status: str
    task: str
    model: str
    style: str | None
    steps: int | None
    priority: int
    available_at: datetime
    start_deadline_at: datetime | None
    deadline_at: datetime | None
    attempts_used: int
    cancel_requested_at: datetime | None
    failure_code: str | None
    failure_message: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    pool: str
    cost: float
    resume_step: int | None
    earlier_ms: int | None
    sweep_id: UUID | None

    #: The transaction that wrote the row last.
    row_version: str
    #: Of its current attempt; None: it has none.
    attempt_step: int | None
    attempt_steps: int | None
    attempt_started_at: datetime | None
    attempt_render_ms: int | None
    attempt_upload_ms: int | None
    request_json: str
    rendered_json: str | None
    metadata_json: str
    sweep_cell_json: str | None
    warnings_json: str
    #: Of the receipt: the prompts alone, and what came of a replay.
    prompts_json: str | None
    prompt_report_json: str | None
    replay_json: str | None
    #: Without what a replay is held against.
    origin_json: str | None
    filtered_json: str | None
    #: Arrays of what `ShownImage.read` takes.
    inputs_json: str | None
    outputs_json: str | None
    #: Queued jobs before this one, counted up to 1,000; None: it is not queued.
    jobs_before: int | None
    #: Whether its account has paused its jobs; None: it is not queued.
    account_is_paused: bool | None

    @property
    def request(self) -> dict[str, Any]:
        request: dict[str, Any] = from_json(self.request_json)
        return request

    @property
    def rendered_prompts(self) -> dict[str, str] | None:
        prompts: dict[str, str] | None = None if self.rendered_json is None else from_json(self.rendered_json)
        return prompts

    @property
    def metadata_(self) -> dict[str, Any]:
        metadata: dict[str, Any] = from_json(self.metadata_json)
        return metadata

    @property
    def warnings(self) -> list[str]:
        warnings: list[str] = from_json(self.warnings_json)
        return warnings

    @property
    def receipt(self) -> dict[str, Any] | None:
        parts = {"prompts": self.prompts_json, "replay": self.replay_json}
        return {name: from_json(part) for name, part in parts.items() if part is not None} or None

    @property
    def origin(self) -> dict[str, Any] | None:
        origin: dict[str, Any] | None = None if self.origin_json is None else from_json(self.origin_json)
        return origin

    @property
    def prompt_report(self) -> dict[str, Any] | None:
        report: dict[str, Any] | None = None if self.prompt_report_json is None else from_json(self.prompt_report_json)
        return report

    @property
    def sweep_cell(self) -> dict[str, Any] | None:
        cell: dict[str, Any] | None = None if self.sweep_cell_json is None else from_json(self.sweep_cell_json)
        return cell

    @property
    def filtered_images(self) -> list[dict[str, Any]] | None:
        images: list[dict[str, Any]] | None = None if self.filtered_json is None else from_json(self.filtered_json)
        return images

    @property
    def attempt(self) -> ReadAttempt | None:
        """The job's current attempt."""
        if self.attempt_step is None or self.attempt_steps is None or self.attempt_started_at is None:
            return None
        return ReadAttempt(
            self.attempt_step,
            self.attempt_steps,
            self.attempt_started_at,
            self.attempt_render_ms,
            self.attempt_upload_ms,
        )

    @property
    def outputs(self) -> list[ShownImage]:
        """Its images, in their order."""
        return _read_images(self.outputs_json)

    @property
    def inputs(self) -> dict[str, ShownImage]:
        """The images that it starts from, by their places."""
        if self.inputs_json is None:
            return {}
        found = {image.id: image for image in _read_images(self.inputs_json)}
        return {place: found[id_] for place, id_ in list_input_ids(self.request).items() if id_ in found}


def _read_images(text: str | None) -> list[ShownImage]:
    return [] if text is None else [ShownImage.read(columns) for columns in from_json(text)]
