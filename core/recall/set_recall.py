"""Hand a request over to the open pages of its account."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from core.database import transaction
from core.errors import FieldError, InvalidRequest
from core.jobs.events.account_jobs import read_present
from core.jobs.request.input_images import take_out_images
from core.jobs.request.picture_fields import IMAGE_FIELDS, list_all_places
from core.jobs.submit.check_request import check_request, list_retention_errors, settle_style
from core.jobs.submit.new_job import Submission
from core.pictures.data_uri import find_picture
from core.recall.kept_recalls import keep_recall
from core.recall.recall import Recall


def set_recall(submission: Submission) -> Recall:
    """Checks the request as a submit does, keeps it for an hour in the place of the account's last one, and sends it to whoever follows
    the account's events. Nothing is queued.

    Raises InvalidRequest with each field, also for a picture that is not named by its id or an address, and RecallUnavailable.
    """
    _refuse_pictures(submission)
    request, _ = take_out_images(submission.request, job_id=submission.job_id, account_id=submission.account_id)
    submission = settle_style(replace(submission, request=request))
    with transaction() as session:
        _check(session, submission)
        number = read_present(session.connection())
    recall = Recall(submission.account_id, number, request.model_dump(mode="json", exclude_unset=True))
    keep_recall(recall)
    return recall


def _check(session: Session, submission: Submission) -> None:
    check_request(session, submission)
    errors = list_retention_errors(session, submission)
    if errors:
        raise InvalidRequest(errors)


def _refuse_pictures(submission: Submission) -> None:
    places = list_all_places({field: getattr(submission.request, field) for field in IMAGE_FIELDS})
    errors = [
        FieldError(
            place, "name it by the id of a file or an artifact, or by an address: what is handed over holds no pictures"
        )
        for place, source in places.items()
        if find_picture(source) is not None
    ]
    if errors:
        raise InvalidRequest(errors)
