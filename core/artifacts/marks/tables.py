"""Tables of boards, and of the pictures on them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import new_id


class Board(Table):
    """A name under which an account gathers outputs. It owns none of them."""

    __tablename__ = "boards"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BoardOutput(Table):
    """An output on a board. An output may be on several."""

    __tablename__ = "board_outputs"
    # The key has a board's outputs in the order of their age, which is that of their ids.
    __table_args__ = (
        Index("ix_board_outputs_artifact_id", "artifact_id"),
        Index("ix_board_outputs_account_id", "account_id", "artifact_id"),
    )

    board_id: Mapped[UUID] = mapped_column(ForeignKey("boards.id", ondelete="CASCADE"), primary_key=True)
    # The release before removes artifacts without a look at boards.
    artifact_id: Mapped[UUID] = mapped_column(ForeignKey("artifacts.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
