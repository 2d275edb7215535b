"""Change how outputs of an account are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from core.artifacts.marks.mark_outputs import Marks, lock_boards, lock_outputs, mark_outputs
from core.errors import FieldError, InvalidRequest, OutputNotFound
from core.gallery.read_outputs import OutputRow, get_outputs


def change_output(
    session: Session, output_id: UUID, marks: Marks, *, account_id: UUID, board_fields: Mapping[UUID, str]
) -> OutputRow:
    """The output with these marks. `board_fields`: by board, the field of the request that names it. Raises OutputNotFound, and
    InvalidRequest for a board that is not there.
    """
    if output_id not in lock_outputs(session, [output_id], account_id=account_id):
        raise OutputNotFound
    _check_boards(session, account_id, board_fields)
    mark_outputs(session, [output_id], marks, account_id=account_id)
    [output] = get_outputs(session.connection(), [output_id], account_id=account_id)
    return output


def change_outputs(
    session: Session, output_ids: Sequence[UUID], marks: Marks, *, account_id: UUID, board_fields: Mapping[UUID, str]
) -> list[OutputRow]:
    """All of the outputs with these marks, or none: raises InvalidRequest naming each output and board that is not there."""
    found = lock_outputs(session, output_ids, account_id=account_id)
    absent = [
        FieldError(
            f"outputs.{place}", "there is no such output: it may have expired, or its job was deleted", "not_found"
        )
        for place, output_id in enumerate(output_ids)
        if output_id not in found
    ]
    if absent:
        raise InvalidRequest(absent)
    _check_boards(session, account_id, board_fields)
    mark_outputs(session, output_ids, marks, account_id=account_id)
    return get_outputs(session.connection(), output_ids, account_id=account_id)


def _check_boards(session: Session, account_id: UUID, fields: Mapping[UUID, str]) -> None:
    found = lock_boards(session, list(fields), account_id=account_id)
    absent = [
        FieldError(field, "there is no such board; GET /v1/boards lists them", "not_found")
        for board_id, field in fields.items()
        if board_id not in found
    ]
    if absent:
        raise InvalidRequest(absent)
