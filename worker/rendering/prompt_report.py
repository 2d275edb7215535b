"""The prompt report of a job, from what the model's tokenizers read while it was rendered."""

from __future__ import annotations

from typing import Any

import structlog

from core.catalog import Catalog
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.request.parameters import takes_negative_prompt
from core.logs import describe_error
from core.prompts.build_report import build_report, list_texts
from worker.rendering.prompts import JobPrompts

_log = structlog.get_logger()


def report_prompts(catalog: Catalog, attempt: ClaimedAttempt, prompts: JobPrompts) -> dict[str, Any] | None:
    """JSON-ready; None for a job without prompts. It costs milliseconds, while other jobs denoise, and fails no job."""
    texts = list_texts(attempt.request)
    if not texts:
        return None
    try:
        report = build_report(
            texts,
            prompts.readings or None,
            tokens_missing=None
            if prompts.readings
            else "This pipeline reads its prompts in a way that is not counted.",
            takes_negative_prompt=takes_negative_prompt(catalog, attempt.model, attempt.task),
        )
    except Exception as error:  # noqa: BLE001  (the pictures are there, whatever is wrong with the report)
        _log.error("prompt_not_reported", error=describe_error(error))
        return None
    return report.model_dump(mode="json")
