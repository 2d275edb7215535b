"""Make outputs favourites, and put them on boards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.artifacts.marks.tables import Board, BoardOutput
from core.artifacts.tables import Artifact, ArtifactKind


@dataclass(frozen=True)
class Marks:
    """What is to be different; what is None or empty stays as it is."""

    is_favourite: bool | None = None
    add_to: Collection[UUID] = ()
    remove_from: Collection[UUID] = ()
    #: Exactly these boards.
    boards: Collection[UUID] | None = None


def lock_outputs(session: Session, output_ids: Collection[UUID], *, account_id: UUID) -> set[UUID]:
    """Those of the ids that are outputs of the account, and there. Until the transaction ends, none of them goes."""
    rows = session.scalars(
        select(Artifact.id)
        .where(
            Artifact.id.in_(output_ids),
            Artifact.account_id == account_id,
            Artifact.kind == ArtifactKind.OUTPUT,
            Artifact.deleted_at.is_(None),
        )
        .order_by(Artifact.id)
        .with_for_update(key_share=True)
    )
    return set(rows)


def lock_boards(session: Session, board_ids: Collection[UUID], *, account_id: UUID) -> set[UUID]:
    """Those of the ids that are boards of the account. Until the transaction ends, none of them goes."""
    rows = session.scalars(
        select(Board.id)
        .where(Board.id.in_(board_ids), Board.account_id == account_id)
        .order_by(Board.id)
        .with_for_update(read=True, key_share=True)
    )
    return set(rows)


def mark_outputs(session: Session, output_ids: Sequence[UUID], marks: Marks, *, account_id: UUID) -> None:
    """Mark outputs of the account that the caller has locked; it has locked the boards as well. What is marked so already stays
    as it is.
    """
    if marks.is_favourite is not None:
        session.execute(
            update(Artifact)
            .where(Artifact.id.in_(output_ids), Artifact.favourite_at.is_(None) == marks.is_favourite)
            .values(favourite_at=func.now() if marks.is_favourite else None)
            .execution_options(synchronize_session=False)
        )
    on_these = BoardOutput.artifact_id.in_(output_ids)
    if marks.boards is not None:
        session.execute(delete(BoardOutput).where(on_these, BoardOutput.board_id.not_in(marks.boards)))
    if marks.remove_from:
        session.execute(delete(BoardOutput).where(on_these, BoardOutput.board_id.in_(marks.remove_from)))
    added = [*marks.add_to, *(marks.boards or ())]
    places = [
        {"board_id": board_id, "artifact_id": output_id, "account_id": account_id}
        for board_id in added
        for output_id in output_ids
    ]
    if places:
        session.execute(insert(BoardOutput).on_conflict_do_nothing(), places)


def clear_boards_of(session: Session, job_ids: Collection[UUID]) -> None:
    """Outputs of these jobs are on no board any more."""
    outputs = select(Artifact.id).where(Artifact.job_id.in_(job_ids), Artifact.kind == ArtifactKind.OUTPUT)
    session.execute(
        delete(BoardOutput).where(BoardOutput.artifact_id.in_(outputs)).execution_options(synchronize_session=False)
    )
