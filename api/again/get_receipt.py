"""`GET /v1/jobs/{job_id}/receipt`: what it takes to make a job's images again."""

from __future__ import annotations

from typing import Any

from flask import Response
from pydantic import RootModel

from api.answer import answer
from api.authentication import current_account_id
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.database import transaction
from core.jobs.again.get_receipt import get_receipt


class Receipt(RootModel[dict[str, Any]]):
    """The model with its revision and the sha256 of each of its files, LoRAs, every parameter, the scheduler with its settings, versions
    of libraries, device and dtype, how the job was drawn, and seed and sha256 of each image.
    """


@jobs_blueprint.get(
    "/jobs/<job_id>/receipt",
    summary="Read the receipt of a job",
    responses={
        200: Receipt,
        **describe_problems(
            {
                404: "There is no such job in this account, or it failed or was cancelled (`receipt_not_found`).",
                409: "The job has not finished (`job_not_finished`).",
                410: "The job has been deleted (`job_deleted`).",
            }
        ),
    },
)
@takes_no_query
def get_job_receipt(path: JobPath) -> Response:
    """What it takes to make the images of a succeeded job again, as its worker wrote it. It is kept as long as the job. Fields are
    added to receipts from release to release; those that are there keep their meaning.
    """
    job_id = path.parse()
    with transaction() as session:
        receipt = get_receipt(session, account_id=current_account_id(), job_id=job_id)
    return answer(Receipt(receipt))
