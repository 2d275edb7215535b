"""`POST /v1/jobs/{job_id}/vary`: send a job again with something changed."""

from __future__ import annotations

from flask import Response

from api.again.made_from import build_sender, describe_again_problems
from api.answer import answer
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.jobs.post_job import PostJobHeaders, take_order
from api.jobs.wait_as_preferred import FinishedOrTried
from api.json_body import takes_images
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.jobs.again.vary_job import build_variation
from core.jobs.request.input_images import list_image_names
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.dry_run import try_submission
from core.jobs.views.job_view import JobView


class Changes(RenderRequest):
    """The fields of a request that are to be others than those of the job; `null` leaves a field to the model. What is not named
    stays as it was, but for the seed, which is a new one.
    """


@jobs_blueprint.post(
    "/jobs/<job_id>/vary",
    summary="Send a job again with changes",
    responses={
        200: FinishedOrTried,
        202: JobView,
        **describe_again_problems("The job has ended and was sent with `store` false (`job_not_kept`)."),
        **describe_problems(
            {
                400: "The body is not valid JSON, or could not be read to its end.",
                413: "The body is longer than 32 MiB, or than 1 MiB without the images in it, or holds more than 4,096 values.",
                415: "The body is not application/json.",
            }
        ),
    },
)
@takes_images(*list_image_names())
@takes_no_query
def vary_job(path: JobPath, header: PostJobHeaders, body: Changes) -> Response:
    """Queue a new job with the request of another one, whatever became of that, and with the changes of the body. An empty body
    (`{}`) changes the seed alone. With another `model`, what the first model took by itself is left to the second.
    """
    submission = build_variation(build_sender(header.idempotency_key), job_id=path.parse(), changes=body)
    return answer(try_submission(submission)) if body.dry_run else take_order(submission, header.prefer)
