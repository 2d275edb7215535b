"""`GET /v1/jobs/{job_id}/preview`: see a job while it is rendered."""

from __future__ import annotations

import hashlib

from flask import Response, request

from api.authentication import core_checks_the_key, current_account_id, current_api_key_id
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.database import read_with_one_retry
from core.errors import PreviewNotFound
from core.jobs.views.read_jobs import read_job
from core.previews import find_preview

_MEDIA_TYPE = "image/webp"


@jobs_blueprint.get(
    "/jobs/<job_id>/preview",
    summary="See a job while it is rendered",
    responses={
        200: {
            "description": "The newest preview, of at most 20 KB: of the first image, before it is finished.",
            "content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
        304: {"description": "It is still the one that `If-None-Match` names."},
        **describe_problems(
            {
                404: "There is no such job in this account, or no preview of it (`preview_not_found`): not yet, or no longer.",
                410: "The job has been deleted.",
            }
        ),
    },
)
@core_checks_the_key
@takes_no_query
def get_job_preview(path: JobPath) -> Response:
    """A small picture of what the job is going to be, renewed up to twice a second; ask again for the next one.

    Jobs that take less than a second have none. The last one can be read for up to a minute after it was drawn.
    """
    job_id = path.parse()
    read_with_one_retry(
        lambda connection: read_job(
            connection,
            account_id=current_account_id(),
            job_id=job_id,
            api_key_id=current_api_key_id(),
            fields=frozenset(),
        )
    )
    picture = find_preview(job_id)
    if picture is None:
        raise PreviewNotFound
    response = Response(picture, mimetype=_MEDIA_TYPE)
    response.set_etag(hashlib.sha256(picture).hexdigest()[:32])
    response.make_conditional(request)
    return response
