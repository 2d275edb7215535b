"""The request that a job's row was made from, as a submit takes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.catalog import Catalog
from core.errors import InvalidRequest
from core.field_errors import list_field_errors
from core.jobs.priority import PRIORITY_NAMES
from core.jobs.request.parameters import find_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.styles.rendered_prompts import KeptPrompts
from core.jobs.tables import Job
from core.webhooks.job_webhooks import find_job_webhook


def rebuild_values(session: Session, job: Job) -> dict[str, Any]:
    """The fields of the job's request with every value that was settled, its seed as well, and what was sent with it: labels,
    priority, deadlines (as many seconds as then), retention and webhook.
    """
    values: dict[str, Any] = {
        **job.request,
        "model": job.model,
        "task": job.task,
        "seed": job.seed,
        "priority": PRIORITY_NAMES[job.priority],
        "metadata": job.metadata_,
        "deadline_seconds": _count_seconds(job.created_at, job.deadline_at),
        "start_deadline_seconds": _count_seconds(job.created_at, job.start_deadline_at),
        "webhook": find_job_webhook(session, job_id=job.id),
    }
    # Of a job that is not kept it is what its `store` makes of it.
    values |= {"store": False} if job.store is False else {"retention_seconds": job.retention_seconds}
    return {name: value for name, value in values.items() if value is not None}


def keep_prompts(job: Job) -> KeptPrompts | None:
    """The style as the job was rendered with it: the other job is rendered alike, whatever has become of the style since."""
    return None if job.style is None else KeptPrompts(job.style, job.rendered_prompts or {})


def build_request(values: Mapping[str, Any], *, unsaid: Collection[str]) -> RenderRequest:
    """The request with these values. Those in `unsaid` count as filled in and not as asked for: nobody is warned that they have no
    effect. Raises InvalidRequest with each field.
    """
    try:
        request = RenderRequest.model_validate(dict(values))
    except ValidationError as error:
        raise InvalidRequest(list_field_errors(error)) from None
    # A side that is the model's own is still one that a picture, which is to be fetched, does not change.
    request.model_fields_set.difference_update({*unsaid} - {"width", "height"})
    return request


def list_unsaid(values: Mapping[str, Any], *, catalog: Catalog) -> set[str]:
    """The names of those values that are just what their model takes for what a request leaves out. Empty if the model does not
    serve the task any more.
    """
    model_id, task = values["model"], values["task"]
    entry = catalog.find(model_id)
    if entry is None or not catalog.is_available(model_id):
        return set()
    parameters = find_parameters(catalog, model_id, task, controlled="control_image" in values)
    if parameters is None:
        return set()
    defaults = {
        "width": entry.default_width,
        "height": entry.default_height,
        "num_inference_steps": entry.default_steps,
        "scheduler": entry.default_scheduler,
        **parameters.defaults,
    }
    return {name for name, value in defaults.items() if name in values and values[name] == value}


def _count_seconds(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else max(1, round((end - start).total_seconds()))
