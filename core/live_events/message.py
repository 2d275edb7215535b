"""What is sent: that something happened to a job, and for what happens inside an attempt also what it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from uuid import UUID

ProgressType = Literal["step", "preview", "output"]

#: Hexadecimal digits of an id.
_ID_DIGITS = 32

_TYPES = frozenset(get_args(ProgressType))


class UnreadableMessage(Exception):
    """Bytes in Redis that no process of ours has written."""


@dataclass(frozen=True)
class Progress:
    """What happened inside an attempt."""

    number: int
    type: ProgressType
    attempt_number: int
    #: JSON-ready.
    details: dict[str, Any] = field(default_factory=dict)

    def encode(self) -> str:
        return json.dumps([self.number, self.type, self.attempt_number, self.details], separators=(",", ":"))

    @classmethod
    def parse(cls, text: bytes) -> Progress:
        """Raises UnreadableMessage."""
        try:
            number, type_, attempt_number, details = json.loads(text)
        except (ValueError, TypeError) as error:
            raise UnreadableMessage from error
        whole = isinstance(number, int) and isinstance(attempt_number, int) and isinstance(details, dict)
        if not whole or type_ not in _TYPES:
            raise UnreadableMessage
        return cls(number, type_, attempt_number, details)


@dataclass(frozen=True)
class JobMessage:
    """News of a job. Without progress: its row, or an attempt's, has changed."""

    account_id: UUID
    job_id: UUID
    progress: Progress | None = None

    def encode(self) -> str:
        # The ids in front, so that a process that has no reader for them parses nothing.
        return f"{self.account_id.hex}{self.job_id.hex}{'' if self.progress is None else self.progress.encode()}"


def join_messages(messages: Iterable[str]) -> str:
    """Several messages as one, a line for each."""
    return "\n".join(messages)


def split_messages(joined: bytes) -> list[bytes]:
    """What `join_messages` joined."""
    return joined.split(b"\n")


def parse_ids(message: bytes) -> tuple[UUID, UUID, bytes]:
    """The account and the job that a message is about, and the rest of it. Raises UnreadableMessage."""
    try:
        account_id = UUID(hex=message[:_ID_DIGITS].decode("ascii"))
        job_id = UUID(hex=message[_ID_DIGITS : 2 * _ID_DIGITS].decode("ascii"))
    except ValueError as error:
        raise UnreadableMessage from error
    return account_id, job_id, message[2 * _ID_DIGITS :]
