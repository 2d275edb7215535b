"""A request that is handed over to the pages of an account, as it is kept, sent and shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from core.live_events.message import UnreadableMessage, parse_ids
from core.live_events.numbers import moment_of

#: Seconds for which it is kept.
KEPT_SECONDS = 3600

#: Stands in the place of a job's id where something is about the account's recall.
RECALL_ID = UUID(int=0)

_RECALL_DIGITS = RECALL_ID.hex.encode()


@dataclass(frozen=True)
class Recall:
    """One request. It has the attributes of an event, and is one on the account's stream."""

    account_id: UUID
    #: Of the event: grows with the database's clock.
    number: int
    #: As it was sent, by our names.
    request: dict[str, Any]

    type: ClassVar[str] = "recall"
    job_id: ClassVar[UUID] = RECALL_ID

    def describe(self) -> dict[str, Any]:
        """The event's `data`, JSON-ready."""
        at = moment_of(self.number)
        times = {"at": at, "expires_at": at + timedelta(seconds=KEPT_SECONDS)}
        return {
            "type": self.type,
            "number": self.number,
            **{name: moment.isoformat().replace("+00:00", "Z") for name, moment in times.items()},
            "request": self.request,
        }

    def to_sse(self, event_id: int) -> bytes:
        """The event as server-sent events have it (WHATWG, HTML, section 9.2)."""
        data = json.dumps(self.describe(), separators=(",", ":"))
        return f"id: {event_id}\nevent: {self.type}\ndata: {data}\n\n".encode()

    def encode(self) -> str:
        """The message on the channel of jobs, and what Redis keeps. It holds no line break."""
        content = json.dumps([self.number, self.request], separators=(",", ":"))
        return f"{self.account_id.hex}{RECALL_ID.hex}{content}"

    @classmethod
    def parse(cls, message: bytes) -> Recall | None:
        """What `encode` made; None for news of a job. Raises UnreadableMessage."""
        # Nearly all messages are news of jobs: nothing else of them is looked at here.
        if not message.startswith(_RECALL_DIGITS, len(RECALL_ID.hex)):
            return None
        account_id, _, rest = parse_ids(message)
        try:
            number, request = json.loads(rest)
        except (ValueError, TypeError) as error:
            raise UnreadableMessage from error
        if not isinstance(number, int) or not isinstance(request, dict):
            raise UnreadableMessage
        return cls(account_id, number, request)
