"""The SQL text of every read of jobs: job, attempt, images and place in the queue at once."""

from __future__ import annotations

from functools import cache

from sqlalchemy import literal_column

from core.accounts.paused import build_is_paused
from core.artifacts.shown_image import IMAGES_BY_NAME, OUTPUTS_OF_JOB
from core.database import compile_fragment
from core.jobs.queue.queue_position import count_before
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.views.job_view import JobView

#: The names of a view's fields.
ALL_FIELDS = frozenset(JobView.model_fields)

#: Those that lists and events show unless they are asked for: a report is longer than all the rest of a job.
LISTED_FIELDS = ALL_FIELDS - {"prompt_report"}

# Most jobs start from nothing, which one look at the text shows. A prompt may hold the same letters; it is not in these fields.
_INPUTS = f"""
    CASE WHEN position('"art_' IN job.request::text) > 0 OR position('"file_' IN job.request::text) > 0 THEN (
        WITH named (name) AS MATERIALIZED (
            SELECT picture #>> '{{}}'
            FROM jsonb_each(job.request::jsonb) AS field, jsonb_path_query(field.value, '$[*]') AS picture
            WHERE field.key IN ({", ".join(f"'{field}'" for field in IMAGE_FIELDS)})
              AND picture #>> '{{}}' ~ '^(art|file)_[0-9a-f]{{32}}$'
        ) {IMAGES_BY_NAME}
    )::text END
"""  # noqa: S608  (names of ours)

#: Columns that a view always needs, by the names that `JobRow` has for them.
_SMALL = {
    name: f"job.{name}"
    for name in (
        *("id", "status", "task", "model", "steps", "priority", "available_at", "start_deadline_at", "deadline_at"),
        *("attempts_used", "cancel_requested_at", "failure_code", "failure_message", "created_at", "started_at"),
        *("finished_at", "expires_at", "pool", "cost", "resume_step", "earlier_ms", "style", "sweep_id"),
    )
} | {
    "row_version": "job.xmin::text",
    "attempt_step": "attempt.step",
    "attempt_steps": "attempt.steps",
    "attempt_started_at": "attempt.started_at",
    "attempt_render_ms": "attempt.render_ms",
    "attempt_upload_ms": "attempt.upload_ms",
}

#: The others, and the fields of the view that need them.
_LARGE = {
    "request_json": ("job.request::text", {"request", "inputs", "progress", "queue"}),
    "rendered_json": ("job.rendered_prompts::text", {"style"}),
    "metadata_json": ("job.metadata::text", {"metadata"}),
    "sweep_cell_json": ("job.sweep_cell::text", {"sweep"}),
    "warnings_json": ("job.warnings::text", {"warnings"}),
    "prompts_json": ("(job.receipt -> 'prompts')::text", {"prompt_tokens"}),
    "prompt_report_json": ("job.prompt_report::text", {"prompt_report"}),
    # Of replays alone: what is looked up in a receipt has to be unpacked first.
    "replay_json": ("CASE WHEN job.origin IS NOT NULL THEN (job.receipt -> 'replay')::text END", {"replay"}),
    "origin_json": ("(job.origin - 'then' - 'images')::text", {"derived_from", "replay"}),
    "filtered_json": ("job.filtered_images::text", {"outputs"}),
    "inputs_json": (_INPUTS, {"inputs"}),
    "outputs_json": (f"CASE WHEN job.status = 'succeeded' THEN ({OUTPUTS_OF_JOB})::text END", {"outputs"}),
    "jobs_before": ("CASE WHEN job.status = 'queued' THEN ({jobs_before}) END", {"queue"}),
    "account_is_paused": (f"CASE WHEN job.status = 'queued' THEN {build_is_paused('job.account_id')} END", {"queue"}),
}


@cache
def build_select(fields: frozenset[str] = ALL_FIELDS) -> str:
    """Builds the query of a `JobRow` for each row of `jobs AS job`, without its WHERE. What none of the view's `fields` needs
    is null.
    """
    columns = _SMALL | {name: sql if fields & needed else "NULL" for name, (sql, needed) in _LARGE.items()}
    jobs_before = compile_fragment(
        count_before(
            pool=literal_column("job.pool"),
            priority=literal_column("job.priority"),
            fair_position=literal_column("job.fair_position"),
            job_id=literal_column("job.id"),
        )
    )
    listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items()).replace("{jobs_before}", jobs_before)
    return (
        f"SELECT {listed} FROM jobs AS job "  # noqa: S608  (names of ours)
        "LEFT JOIN job_attempts AS attempt ON attempt.id = job.current_attempt_id"
    )
