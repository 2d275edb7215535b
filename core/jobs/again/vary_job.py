"""Send a job once more with something changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from core.catalog import Catalog
from core.database import transaction
from core.jobs.again.find_job import check_kept, get_own_job
from core.jobs.again.rebuild_request import build_request, keep_prompts, list_unsaid, rebuild_values
from core.jobs.again.sender import Sender
from core.jobs.origins.origin import JobOrigin
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission

_SIDES = ("width", "height")

#: Fields with which the style, as it is now, is applied anew; otherwise its prompts are those of the other job.
_STYLED_BY = {"prompt", "negative_prompt", "style", "model", "task"}


def build_variation(sender: Sender, *, job_id: UUID, changes: RenderRequest) -> Submission:
    """The submission of the job's request with those fields changed that `changes` names; one that it names as null is left to the
    model. The seed is a new one unless it is named. With another model, what the first one took by itself is left to the second.

    Raises JobNotFound, JobDeleted, JobNotKept, and InvalidRequest with each field.
    """
    with transaction() as session:
        job = get_own_job(session, account_id=sender.account_id, job_id=job_id)
        check_kept(job)
        values, style = rebuild_values(session, job), keep_prompts(job)
    if changes.model_fields_set & _STYLED_BY:
        style = None
    values, unsaid = change_values(values, changes, catalog=sender.catalog)
    return sender.submission(build_request(values, unsaid=unsaid), JobOrigin(job_id, "vary"), style=style)


def change_values(
    values: dict[str, Any], changes: RenderRequest, *, catalog: Catalog
) -> tuple[dict[str, Any], set[str]]:
    """The values of a job's request with the changes, and the names of those that nobody has asked for."""
    named = {name: getattr(changes, name) for name in changes.model_fields_set} | changes.extra
    unsaid = list_unsaid(values, catalog=catalog) - named.keys()
    dropped = {"seed"}
    if named.get("model", values["model"]) != values["model"]:
        dropped |= unsaid | {"task"}
    if named.keys() & {*IMAGE_FIELDS, "expand"}:
        # Which task it is follows from the pictures.
        dropped.add("task")
        if "expand" in values or "expand" in named or values["task"] == "upscale":
            # And so does the size.
            dropped |= {*_SIDES}
    if named.keys() & {"size", "aspect_ratio"}:
        dropped |= {*_SIDES}
    kept = {name: value for name, value in values.items() if name not in dropped}
    changed = {name: value for name, value in (kept | named).items() if value is not None}
    return changed, unsaid & changed.keys()
