"""`POST /v1/jobs/{job_id}/replay`: draw a job again exactly, and compare."""

from __future__ import annotations

from flask import Response

from api.again.made_from import build_sender, describe_again_problems
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.jobs.post_job import PostJobHeaders, take_order
from api.no_query import takes_no_query
from core.jobs.again.replay_job import build_replay
from core.jobs.views.job_view import JobView


@jobs_blueprint.post(
    "/jobs/<job_id>/replay",
    summary="Draw a job again exactly",
    responses={
        200: JobView,
        202: JobView,
        **describe_again_problems(
            "The job has not finished (`job_not_finished`), or has not succeeded (`job_not_succeeded`): then `retry` or `vary` it. Or it "
            "was sent with `store` false (`job_not_kept`)."
        ),
    },
)
@takes_no_query
def replay_job(path: JobPath, header: PostJobHeaders) -> Response:
    """Queue a new job that draws a succeeded one again: with every parameter and seed that was settled then, and the same pictures.

    `replay.differences` says at once what of the environment differs from the receipt (the model's revision, libraries, device, …),
    as far as it is known, and for certain when a worker has begun. In the end `replay.comparison` says whether the images are equal,
    or by how many dB they differ. Until then the images of the first job are kept.
    """
    return take_order(build_replay(build_sender(header.idempotency_key), job_id=path.parse()), header.prefer)
