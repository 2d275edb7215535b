"""The answer of an operation that deletes one thing for good: its receipt."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import structlog
from flask import Response, g

from api.answer import answer
from api.authentication import current_account_id, current_api_key_id
from api.deletions.blueprint import DeletionView
from core.artifacts.storage import Bucket, bucket_in_a_hurry
from core.database import transaction
from core.errors import StorageUnavailable
from core.ids import format_id
from core.jobs.retention.tables import Deletion

_log = structlog.get_logger()


def answer_deletion(request: Callable[..., Deletion], carry_out: Callable[[Deletion, Bucket], Deletion]) -> Response:
    """Commits what `request` writes, from which on the thing is shown to nobody, and has it carried out unless it was before. 202: the
    object store does not answer, or it takes too long; the rest is done in the background.
    """
    with transaction() as session:
        deletion = request(
            session, account_id=current_account_id(), api_key_id=current_api_key_id(), request_id=g.request_id
        )
        session.refresh(deletion)
    if deletion.completed_at is None:
        names = {
            "deletion_id": format_id("del", deletion.id),
            f"{deletion.subject}_id": format_id(deletion.subject, deletion.job_id),
        }
        try:
            deletion = carry_out(deletion, bucket_in_a_hurry())
            _log.info("deletion_carried_out", is_completed=deletion.completed_at is not None, **names)
        except StorageUnavailable as error:
            _log.warning("deletion_not_completed", error=str(error), **names)
    status = HTTPStatus.ACCEPTED if deletion.completed_at is None else HTTPStatus.OK
    return answer(DeletionView.build(deletion), status)
