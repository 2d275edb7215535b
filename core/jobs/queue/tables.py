"""Tables of the order of work: the clocks of pools and accounts, and the queue slots of an account."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table


class PoolClock(Table):
    """The virtual time of a pool's queue, for each priority: the fair position of the job claimed last."""

    __tablename__ = "pool_clocks"

    pool: Mapped[str] = mapped_column(primary_key=True)
    #: Of the normal priority.
    virtual_time: Mapped[float] = mapped_column(server_default="0")
    virtual_time_high: Mapped[float] = mapped_column(server_default="0")
    virtual_time_low: Mapped[float] = mapped_column(server_default="0")


class AccountClock(Table):
    """Where an account's work in a pool ends, in the virtual time of each priority."""

    __tablename__ = "account_clocks"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    pool: Mapped[str] = mapped_column(primary_key=True)
    #: Of the normal priority.
    virtual_finish: Mapped[float] = mapped_column(server_default="0")
    virtual_finish_high: Mapped[float] = mapped_column(server_default="0")
    virtual_finish_low: Mapped[float] = mapped_column(server_default="0")


class AccountQueue(Table):
    """The queue slots of an account, and the row at which its submits take turns."""

    __tablename__ = "account_queues"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    # The columns keep the names that the previous release's statements use.
    #: Jobs that can be accepted under this limit before those that wait have to be counted again.
    slots_left: Mapped[int] = mapped_column("room", server_default="0")
    counted_for_limit: Mapped[int] = mapped_column("room_limit", server_default="0")
